import {
  archiveEnvironment,
  checkDefinitionText,
  createVersion,
  diffEnvironments,
  listEnvironments,
  listVersions,
  previewLock,
  restoreEnvironment,
} from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import * as rest from '../../schema/rest/index.ts';
import { etagOf, etagOfRecord } from '../etag.ts';
import { type Route, route } from '../route.ts';
import { ifNoneMatch, json, pageOf, unchanged } from './parts.ts';

const tag = 'environments';

/** Environments as a whole, and registering versions. */
export const environmentRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/environments',
    role: 'reader',
    id: 'listEnvironments',
    tag,
    summary: 'List environments, each with its latest version',
    query: rest.EnvironmentsQuery,
    answers: { 200: json('A page of environments', rest.EnvironmentPage) },
    handle: async ({ app, query: { search, tag, category, archived, ...page } }) => ({
      body: await listEnvironments(app, { ...pageOf(page), nameContains: search, tags: tag, category, archived }),
    }),
  }),
  route({
    method: 'POST',
    path: '/environments',
    role: 'contributor',
    id: 'createVersion',
    tag,
    summary: 'Register a version',
    description:
      'The definition comes as text, with the files that it refers to: as text, too, or by the digest of content that was uploaded before. ' +
      'Nothing is resolved. The same definition again is the same version, with 200.',
    body: rest.CreateVersion,
    answers: {
      200: json('It was there; description and tags may have moved', rest.Version),
      201: json('The new version', rest.Version),
    },
    handle: async ({ app, body: { definition, ...header } }) => {
      const { text, path = 'environment.yml', files = {} } = definition;
      const result = await createVersion(app, { source: { kind: 'uploaded', text, path, files }, ...header });
      const { version } = result;
      return {
        status: result.outcome === 'created' ? 201 : 200,
        headers: {
          etag: etagOf(version),
          outcome: result.outcome,
          location: `/api/v1/environments/${encodeURIComponent(version.name)}/versions/${encodeURIComponent(version.version)}`,
        },
        body: version,
      };
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:name',
    role: 'reader',
    id: 'showEnvironment',
    tag,
    summary: 'Show an environment with its latest version',
    headers: [ifNoneMatch],
    answers: { 200: json('The environment', rest.Environment), ...unchanged },
    handle: async ({ app, params: { name = '' } }) => {
      const [found] = (await listEnvironments(app, { name, limit: 1, archived: 'all' })).items;
      if (found !== undefined) return { headers: { etag: etagOfRecord(found) }, body: found };
      throw new AppError('ENVIRONMENT_NOT_FOUND', `No environment exists for name: ${name}`);
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:name/versions',
    role: 'reader',
    id: 'listVersions',
    tag,
    summary: 'List the versions of an environment',
    query: rest.VersionsQuery,
    answers: { 200: json('A page of versions', rest.VersionPage) },
    handle: async ({ app, params: { name = '' }, query: { archived, tag, ...page } }) => ({
      body: await listVersions(app, name, { ...pageOf(page), archived, tags: tag }),
    }),
  }),
  ...(['archive', 'restore'] as const).map((verb) =>
    route({
      method: 'POST',
      path: `/environments/:name/${verb}`,
      role: 'contributor',
      id: `${verb}Environment`,
      tag,
      summary: verb === 'archive' ? 'Hide an environment with all its versions from lists' : 'Bring it back',
      answers: { 200: json('Done', rest.Archived) },
      handle: async ({ app, params: { name = '' } }) => {
        const result = await (verb === 'archive' ? archiveEnvironment : restoreEnvironment)(app, plainName(name));
        return { body: { name: result.name, archived: result.archived } };
      },
    }),
  ),
  route({
    method: 'GET',
    path: '/diff',
    role: 'reader',
    id: 'diffVersions',
    tag,
    summary: 'Compare two versions: definitions, and packages where both are locked',
    query: rest.DiffQuery,
    answers: { 200: json('What differs', rest.Diff) },
    handle: async ({ app, query: { from, to, platform } }) => ({
      body: await diffEnvironments(app, from, to, platform),
    }),
  }),
  route({
    method: 'POST',
    path: '/check',
    role: 'reader',
    id: 'checkDefinition',
    tag,
    summary: 'Analyse a definition without registering it',
    body: rest.CheckDefinition,
    answers: { 200: json('What the rules found', rest.CheckResult) },
    handle: async ({ app, body: { definition } }) => {
      const { text, path = 'environment.yml', files = {} } = definition;
      return { body: await checkDefinitionText(app, { kind: 'uploaded', text, path, files }) };
    },
  }),
  route({
    method: 'POST',
    path: '/preview',
    role: 'contributor',
    id: 'previewLock',
    tag,
    summary: 'Resolve a definition without registering it under a name',
    body: rest.PreviewLock,
    answers: { 200: json('What it would be locked to', rest.LockPreview) },
    handle: async ({ app, body: { definition, against, platform } }) => {
      const { text, path = 'environment.yml', files = {} } = definition;
      return { body: await previewLock(app, { kind: 'uploaded', text, path, files }, { against, platform }) };
    },
  }),
];

/** `name:version` in the place of a name would mean a version. */
function plainName(name: string): string {
  if (/^[\w.-]+$/.test(name)) return name;
  throw new AppError('ENVIRONMENT_NOT_FOUND', `No environment exists for name: ${name}`);
}
