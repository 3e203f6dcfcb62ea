import {
  askToCancel,
  followLogs,
  listRuns,
  readLogPart,
  replayUploaded,
  type Submission,
  showRun,
  submitUploaded,
} from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import { RunRecord } from '../../schema/index.ts';
import * as rest from '../../schema/rest/index.ts';
import type { ServerContext } from '../call-context.ts';
import { etagOfRecord } from '../etag.ts';
import { openEventStream } from '../event-stream.ts';
import { type Answer, type Route, route } from '../route.ts';
import { streamLog } from '../stream-log.ts';
import { ifNoneMatch, json, lastEventOf, pageOf, unchanged } from './parts.ts';

const tag = 'runs';
const idempotency = {
  name: 'Idempotency-Key',
  description: 'Sent again with the same key within a day, a submission starts nothing and answers the same run',
};

/** Runs: submitting, watching, ending, repeating. */
export function runRoutes(context: ServerContext): Route[] {
  const { waitingRuns: maximumWaiting } = context.limits;
  const accepted = ({ record, isNew }: Submission): Answer => {
    context.worker?.wake();
    return { status: isNew ? 202 : 200, headers: { location: `/api/v1/runs/${record.id}` }, body: record };
  };
  return [
    route({
      method: 'GET',
      path: '/runs',
      role: 'reader',
      id: 'listRuns',
      tag,
      summary: 'List runs',
      query: rest.RunsQuery,
      answers: { 200: json('A page of runs', rest.RunPage) },
      handle: async ({ app, query: { status, environment, ...page } }) => ({
        body: await listRuns(app, { ...pageOf(page), status, environment }),
      }),
    }),
    route({
      method: 'POST',
      path: '/runs',
      role: 'contributor',
      id: 'submitRun',
      tag,
      summary: 'Submit a job',
      description: 'Answers as soon as the run is on record; it waits for its turn and goes on by itself.',
      headers: [idempotency],
      body: rest.SubmitRun,
      answers: { 200: json('It was submitted before', RunRecord), 202: json('The run', RunRecord) },
      handle: async ({ app, body, request }) =>
        accepted(await submitUploaded(app, body, { maximumWaiting, key: keyOf(request.headers) })),
    }),
    route({
      method: 'GET',
      path: '/runs/:id',
      role: 'reader',
      id: 'showRun',
      tag,
      summary: 'Show the record of a run',
      headers: [ifNoneMatch],
      answers: { 200: json('The record', RunRecord), ...unchanged },
      handle: async ({ app, params: { id = '' } }) => {
        const record = await showRun(app, id);
        return { headers: { etag: etagOfRecord(record) }, body: record };
      },
    }),
    route({
      method: 'GET',
      path: '/runs/:id/logs',
      role: 'reader',
      id: 'getLog',
      tag,
      summary: 'What a run has printed so far',
      query: rest.LogQuery,
      answers: { 200: { description: 'The log', contentType: 'text/plain' } },
      handle: async ({ app, params: { id = '' }, query: { from, limit } }) => {
        await showRun(app, id);
        if (limit !== undefined) {
          const { bytes, size } = await readLogPart(app, id, { from: from ?? 0, limit });
          const headers = { 'content-type': 'text/plain; charset=utf-8', 'log-size': String(size) };
          return { headers, body: bytes };
        }
        const body = streamLog((write) => followLogs(app, id, { follow: false, from, write }));
        return { headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
      },
    }),
    route({
      method: 'GET',
      path: '/runs/:id/events',
      role: 'reader',
      id: 'followRun',
      tag,
      summary: 'Follow a run: its log as it grows, and its end',
      description:
        'Server-sent events: `log` with `{"text"}`, and at last `end` with `{"status", "exitCode"}`. Each `log` has as its id the number of bytes ' +
        'so far; sent as `Last-Event-ID`, it goes on from there.',
      headers: [{ name: 'Last-Event-ID', description: 'The id of the last event that came' }],
      answers: { 200: { description: 'Events', contentType: 'text/event-stream' } },
      handle: async ({ app, params: { id = '' }, request, reply }) => {
        const from = lastEventOf(request.headers['last-event-id']);
        await showRun(app, id);
        const stream = openEventStream(reply);
        await stream.run(async () => {
          await followLogs(app, id, { follow: true, from, write: stream.log });
          const { status, exitCode, error } = await showRun(app, id);
          await stream.end({ status, exitCode, error });
        });
        return { sent: true };
      },
    }),
    route({
      method: 'POST',
      path: '/runs/:id/cancel',
      role: 'contributor',
      id: 'cancelRun',
      tag,
      summary: 'Ask a run to end',
      answers: { 202: json('The run; it ends soon', RunRecord) },
      handle: async ({ app, params: { id = '' } }) => ({ status: 202, body: await askToCancel(app, id) }),
    }),
    route({
      method: 'POST',
      path: '/runs/:id/replay',
      role: 'contributor',
      id: 'replayRun',
      tag,
      summary: 'Repeat a run: same snapshot, same packages',
      headers: [idempotency],
      body: rest.ReplayRun,
      optionalBody: true,
      answers: { 200: json('It was repeated before', RunRecord), 202: json('The new run', RunRecord) },
      handle: async ({ app, params: { id = '' }, body, request }) =>
        accepted(await replayUploaded(app, id, body, { maximumWaiting, key: keyOf(request.headers) })),
    }),
  ];
}

function keyOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x20-\x7e]{1,255}$/.test(key)) return key;
  throw new AppError('USAGE', '`Idempotency-Key` wants 1 to 255 printable ASCII characters');
}
