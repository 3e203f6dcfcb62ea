import { cancelBuild, followBuild, listBuilds, showBuild, submitBuild } from '../../app/index.ts';
import { BuildRecord } from '../../schema/index.ts';
import * as rest from '../../schema/rest/index.ts';
import type { ServerContext } from '../call-context.ts';
import { etagOfRecord } from '../etag.ts';
import { openEventStream } from '../event-stream.ts';
import { type Route, route } from '../route.ts';
import { ifNoneMatch, json, lastEventOf, pageOf, unchanged } from './parts.ts';

const tag = 'builds';

/** Builds: asking for images, watching, ending. */
export function buildRoutes(context: ServerContext): Route[] {
  return [
    route({
      method: 'GET',
      path: '/builds',
      role: 'reader',
      id: 'listBuilds',
      tag,
      summary: 'List builds',
      query: rest.BuildsQuery,
      answers: { 200: json('A page of builds', rest.BuildPage) },
      handle: async ({ app, query: { status, environment, ...page } }) => ({
        body: await listBuilds(app, { ...pageOf(page), status, environment }),
      }),
    }),
    route({
      method: 'POST',
      path: '/builds',
      role: 'contributor',
      id: 'submitBuild',
      tag,
      summary: 'Ask for the images of a version',
      description:
        'Answers as soon as the build is on record; a worker does it. While one goes on, whoever asks for the same gets that one.',
      body: rest.SubmitBuild,
      answers: { 200: json('It waits or goes on already', BuildRecord), 202: json('The build', BuildRecord) },
      handle: async ({ app, body: { environment, platforms = [], rebuild = false, priority = 0 } }) => {
        const request = { environment, platforms, rebuild, priority };
        const { build, isNew } = await submitBuild(app, request, { maximumWaiting: context.limits.waitingRuns });
        context.worker?.wake();
        return { status: isNew ? 202 : 200, headers: { location: `/api/v1/builds/${build.id}` }, body: build };
      },
    }),
    route({
      method: 'GET',
      path: '/builds/:id',
      role: 'reader',
      id: 'showBuild',
      tag,
      summary: 'Show the record of a build',
      headers: [ifNoneMatch],
      answers: { 200: json('The record', BuildRecord), ...unchanged },
      handle: async ({ app, params: { id = '' } }) => {
        const record = await showBuild(app, id);
        return { headers: { etag: etagOfRecord(record) }, body: record };
      },
    }),
    route({
      method: 'GET',
      path: '/builds/:id/events',
      role: 'reader',
      id: 'followBuild',
      tag,
      summary: 'Follow a build: its steps as they happen, and its end',
      description:
        'Server-sent events: `progress` with a step, a note or a line of output as `{"time", "type", …}`, and at last `end` with `{"status", "error"}`. Each ' +
        '`progress` has as its id the number of bytes so far; sent as `Last-Event-ID`, it goes on from there.',
      headers: [{ name: 'Last-Event-ID', description: 'The id of the last event that came' }],
      answers: { 200: { description: 'Events', contentType: 'text/event-stream' } },
      handle: async ({ app, params: { id = '' }, request, reply }) => {
        const from = lastEventOf(request.headers['last-event-id']);
        await showBuild(app, id);
        const stream = openEventStream(reply);
        await stream.run(async () => {
          const { status, error } = await followBuild(app, id, { from, write: stream.lines });
          await stream.end({ status, error });
        });
        return { sent: true };
      },
    }),
    route({
      method: 'POST',
      path: '/builds/:id/cancel',
      role: 'contributor',
      id: 'cancelBuild',
      tag,
      summary: 'Ask a build to end',
      answers: { 202: json('The build; it ends soon', BuildRecord) },
      handle: async ({ app, params: { id = '' } }) => ({ status: 202, body: await cancelBuild(app, id) }),
    }),
  ];
}
