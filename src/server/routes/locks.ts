import { exportLock, findLock, type LockResult, listLicenses, lockEnvironment, showVersion } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import { Platform, platforms } from '../../schema/index.ts';
import * as rest from '../../schema/rest/index.ts';
import { type Route, route } from '../route.ts';
import { json, referenceOf } from './parts.ts';

const tag = 'locks';
const path = '/environments/:name/versions/:version/locks';

/** The locks of a version, one a platform. */
export const lockRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path,
    role: 'reader',
    id: 'listLocks',
    tag,
    summary: 'List the locks that a version is bound to',
    answers: { 200: json('One for each platform that is locked', rest.LockList) },
    handle: async ({ app, params }) => ({
      body: { items: (await showVersion(app, referenceOf(params))).locks, next: null },
    }),
  }),
  route({
    method: 'GET',
    path: `${path}/:platform`,
    role: 'reader',
    id: 'showLock',
    tag,
    summary: 'Show the lock for a platform',
    description: 'Resolves nothing: a version that is not locked for the platform yet has none.',
    query: rest.LockQuery,
    answers: { 200: json('The lock', rest.LockAnswer) },
    handle: async ({ app, params, query: { revision } }) => ({
      body: answerOf(await findLock(app, referenceOf(params), { platform: platformOf(params), revision })),
    }),
  }),
  route({
    method: 'POST',
    path: `${path}/:platform`,
    role: 'contributor',
    id: 'makeLock',
    tag,
    summary: 'Lock for a platform, or with `relock` move the lock',
    description: 'A lock that is there does not move without `relock`.',
    body: rest.MakeLock,
    optionalBody: true,
    answers: { 200: json('The lock, and with `relock` what moved', rest.LockAnswer) },
    handle: async ({ app, params, body: { relock = false, upgrade = [], dryRun = false } }) => ({
      body: answerOf(
        await lockEnvironment(app, referenceOf(params), { platform: platformOf(params), relock, upgrade, dryRun }),
      ),
    }),
  }),
  route({
    method: 'GET',
    path: `${path}/:platform/licenses`,
    role: 'reader',
    id: 'listLicenses',
    tag,
    summary: 'List the licences of the packages of a lock',
    description: 'conda’s channels tell them; a wheel says its own, as soon as it was brought to the server.',
    query: rest.LockQuery,
    answers: { 200: json('One for each package', rest.Licenses) },
    handle: async ({ app, params, query: { revision } }) => ({
      body: {
        items: await listLicenses(app, referenceOf(params), { platform: platformOf(params), revision }),
        next: null,
      },
    }),
  }),
  route({
    method: 'GET',
    path: `${path}/:platform/export`,
    role: 'reader',
    id: 'exportLock',
    tag,
    summary: 'The lock in another format',
    query: rest.ExportQuery,
    answers: { 200: { description: 'The text', contentType: 'text/plain' } },
    handle: async ({ app, params, query: { format, revision } }) => {
      const { lock } = await findLock(app, referenceOf(params), { platform: platformOf(params), revision });
      return {
        headers: { 'content-type': format === 'json' ? 'application/json' : 'text/plain; charset=utf-8' },
        body: exportLock(lock, format),
      };
    },
  }),
];

function platformOf({ platform = '' }: Readonly<Record<string, string>>): Platform {
  const read = Platform.safeParse(platform);
  if (read.success) return read.data;
  throw new AppError('USAGE', `there is no platform \`${platform}\``, { hint: `Allowed: ${platforms.join(', ')}.` });
}

function answerOf({ subject, revision, outcome, lock, diff, stay, pythonBefore }: LockResult): object {
  return { subject, revision, outcome, lock, diff, stay, pythonBefore };
}
