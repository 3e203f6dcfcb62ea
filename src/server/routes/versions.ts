import {
  archiveEnvironment,
  awaitBuild,
  checkEnvironment,
  cloneEnvironment,
  deleteVersion,
  findVersionToShare,
  findView,
  listImages,
  listSharedLayers,
  restoreEnvironment,
  shareEnvironment,
  showImage,
  showVersion,
  submitBuild,
  takeShared,
  updateVersion,
  type VersionView,
} from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import * as rest from '../../schema/rest/index.ts';
import type { ServerContext } from '../call-context.ts';
import { checkIfMatch, etagOf } from '../etag.ts';
import { mayAct } from '../identity.ts';
import { type Call, type Route, route } from '../route.ts';
import { ifNoneMatch, json, referenceOf, unchanged } from './parts.ts';

const tag = 'versions';
const path = '/environments/:name/versions/:version';
const ifMatch = { name: 'If-Match', description: 'The `ETag` of what is to be changed: refused if it is another one' };

/** One version of an environment. Its name may be `@latest`. */
export const versionRoutes = (context: ServerContext): Route[] => [
  route({
    method: 'GET',
    path,
    role: 'reader',
    id: 'showVersion',
    tag,
    summary: 'Show a version',
    description: '`@latest` as the version is the one that was created last.',
    headers: [ifNoneMatch],
    answers: { 200: json('The version', rest.Version), ...unchanged },
    handle: async ({ app, params }) => {
      const version = await findView(app, referenceOf(params));
      return { headers: { etag: etagOf(version) }, body: version };
    },
  }),
  route({
    method: 'PATCH',
    path,
    role: 'contributor',
    id: 'updateVersion',
    tag,
    summary: 'Change description and tags',
    description: 'Nothing else of a version can change. What is not named stays; null takes away.',
    headers: [ifMatch],
    body: rest.ChangeVersion,
    answers: { 200: json('The version as it is now', rest.Version) },
    handle: async ({ app, params, body: { description, tags = {} }, request }) => {
      const set = Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== null);
      const removeTags = Object.keys(tags).filter((key) => tags[key] === null);
      const change = { description, tags: Object.fromEntries(set), removeTags };
      const version = await updateVersion(app, referenceOf(params), change, ifMatches(request));
      return { headers: { etag: etagOf(version) }, body: version };
    },
  }),
  ...(['archive', 'restore'] as const).map((verb) =>
    route({
      method: 'POST',
      path: `${path}/${verb}`,
      role: 'contributor',
      id: `${verb}Version`,
      tag,
      summary: verb === 'archive' ? 'Hide a version from lists' : 'Bring it back',
      headers: [ifMatch],
      answers: { 200: json('The version', rest.Version) },
      handle: async ({ app, params, request }) => {
        const change = verb === 'archive' ? archiveEnvironment : restoreEnvironment;
        const { view } = await change(app, referenceOf(params), ifMatches(request));
        if (view === null) throw new Error('a version without a view');
        return { headers: { etag: etagOf(view) }, body: view };
      },
    }),
  ),
  route({
    method: 'DELETE',
    path,
    role: 'contributor',
    id: 'deleteVersion',
    tag,
    summary: 'Delete a version that nothing used',
    headers: [ifMatch],
    query: rest.DeleteQuery,
    answers: { 200: json('The version as it was, or what a purge left of it', rest.Version) },
    handle: async ({ app, params, query: { purge }, identity, request }) => {
      if (purge === true && !mayAct(identity.role, 'admin')) {
        throw new AppError('PERMISSION_DENIED', 'purging wants the role admin', { details: { wanted: 'admin' } });
      }
      return { body: await deleteVersion(app, referenceOf(params), { purge, check: ifMatches(request) }) };
    },
  }),
  route({
    method: 'POST',
    path: `${path}/clone`,
    role: 'contributor',
    id: 'cloneVersion',
    tag,
    summary: 'Make a new environment from this one, with changes',
    body: rest.CloneVersion,
    answers: { 200: json('It was there', rest.Version), 201: json('The new version', rest.Version) },
    handle: async ({ app, params, body: { add, remove, image, python, ...header } }) => {
      const changes = { add, remove, image, python };
      const { version, outcome } = await cloneEnvironment(app, referenceOf(params), { ...header, changes });
      return { status: outcome === 'created' ? 201 : 200, headers: { etag: etagOf(version), outcome }, body: version };
    },
  }),
  route({
    method: 'GET',
    path: `${path}/sources`,
    role: 'reader',
    id: 'showSources',
    tag,
    summary: 'Show what the user wrote: the definition, and the text files that it refers to',
    answers: { 200: json('The texts, the definition first', rest.SourceList) },
    handle: async ({ app, params }) => ({ body: (await showVersion(app, referenceOf(params))).sources }),
  }),
  route({
    method: 'GET',
    path: `${path}/check`,
    role: 'reader',
    id: 'checkVersion',
    tag,
    summary: 'Analyse the definition of a version',
    answers: { 200: json('What the rules found', rest.CheckResult) },
    handle: async ({ app, params }) => ({ body: await checkEnvironment(app, referenceOf(params), { fix: false }) }),
  }),
  route({
    method: 'POST',
    path: `${path}/fix`,
    role: 'contributor',
    id: 'fixVersion',
    tag,
    summary: 'Register a repaired successor of a version, with what is not pinned as its lock has it',
    answers: { 200: json('What the rules still find, and what was registered', rest.CheckResult) },
    handle: async ({ app, params }) => ({ body: await checkEnvironment(app, referenceOf(params), { fix: true }) }),
  }),
  route({
    method: 'POST',
    path: `${path}/share`,
    role: 'contributor',
    id: 'shareVersion',
    tag,
    summary: 'Copy the image of a version with its record to a registry that others look images up in',
    description: 'The server’s own log-ins hold.',
    body: rest.ShareVersion,
    answers: { 200: json('What is there now', rest.SharedVersion) },
    handle: async ({ app, params, body: { registry } }) => ({
      body: await shareEnvironment(app, referenceOf(params), registry),
    }),
  }),
  route({
    method: 'GET',
    path: `${path}/shared`,
    role: 'reader',
    id: 'showVersionToShare',
    tag,
    summary: 'Show all that goes along when the version is shared with another workspace',
    description: 'The contents are at `/blobs/{digest}`, the image is in the registry.',
    answers: { 200: json('As the other server takes it', rest.VersionToShare) },
    handle: async ({ app, params }) => ({ body: await findVersionToShare(app, referenceOf(params)) }),
  }),
  route({
    method: 'POST',
    path: '/shared',
    role: 'contributor',
    id: 'takeSharedVersion',
    tag,
    summary: 'Take in a version that another workspace shares, with its locks and image',
    description:
      'What `contents` names has to be uploaded before, and the image pushed to `terroir/env_…`, by its digest. Nothing is registered unless all of it is there and true.',
    body: rest.VersionToShare,
    answers: { 200: json('It was there', rest.SharedVersion), 201: json('The new version', rest.SharedVersion) },
    handle: async ({ app, body }) => {
      const taken = await takeShared(app, body);
      return { status: taken.outcome === 'created' ? 201 : 200, body: { ...taken, target: context.workspaceName } };
    },
  }),
  route({
    method: 'GET',
    path: `${path}/image`,
    role: 'reader',
    id: 'showImage',
    tag,
    summary: 'Show the image that a version has for a platform: the newest one, or the revision that is named',
    description: 'Nothing is built.',
    query: rest.ImageQuery,
    answers: { 200: json('The image', rest.Image) },
    handle: async ({ app, params, query }) => ({ body: await showImage(app, referenceOf(params), query) }),
  }),
  route({
    method: 'GET',
    path: `${path}/image/shared`,
    role: 'reader',
    id: 'listSharedLayers',
    tag,
    summary: 'List the layers of an image that the latest images of other environments have too',
    query: rest.ImageQuery,
    answers: { 200: json('The layers', rest.SharedLayers) },
    handle: async ({ app, params, query }) => ({
      body: { items: await listSharedLayers(app, referenceOf(params), query), next: null },
    }),
  }),
  route({
    method: 'GET',
    path: `${path}/images`,
    role: 'reader',
    id: 'listImages',
    tag,
    summary: 'List the image revisions of a version, newest first',
    answers: { 200: json('The revisions', rest.ImageList) },
    handle: async ({ app, params }) => ({ body: { items: await listImages(app, referenceOf(params)), next: null } }),
  }),
  route({
    method: 'POST',
    path: `${path}/images`,
    role: 'contributor',
    id: 'buildImages',
    tag,
    summary: 'Build the image of a version, or take it from a cache',
    description:
      'Answers when the image is there, which takes seconds for packages and as long as an engine takes for steps that execute. Whoever asks for the same at the same time gets the same.',
    body: rest.BuildImages,
    answers: { 200: json('The images, one a platform', rest.BuiltImages) },
    handle: async ({ app, params, body: { rebuild = false, platforms = [] } }) => {
      const request = { environment: referenceOf(params), rebuild, platforms, priority: 0 };
      const { build } = await submitBuild(app, request, { maximumWaiting: context.limits.waitingRuns });
      context.worker?.wake();
      const items = await awaitBuild(app, build.id);
      return { body: { items, next: null } };
    },
  }),
];

function ifMatches({ headers }: Call['request']): (current: VersionView) => void {
  return (current) => checkIfMatch(headers['if-match'], current);
}
