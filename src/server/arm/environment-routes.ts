import {
  type App,
  archiveEnvironment,
  deleteVersion,
  listEnvironments,
  listRuns,
  listVersions,
  restoreEnvironment,
  type ShownVersion,
  showVersion,
} from '../../app/index.ts';
import { AppError, isAppError } from '../../errors/index.ts';
import { canonicalJson } from '../../schema/index.ts';
import { type Answer, type Route, route } from '../route.ts';
import { type AddressOf, workspacesPath } from './address.ts';
import { asAzure as answers } from './answers.ts';
import { nextLink, pageRequest } from './paging.ts';
import { registerVersion, tagsOf } from './register-version.ts';
import { ArmQuery, ContainerBody, VersionBody } from './requests.ts';
import { type Container, containerResource, versionResource } from './resources.ts';

const environments = `${workspacesPath}/:workspace/environments`;
const tag = 'azure';

/** Environments as Azure ML's resource manager has them. */
export function environmentRoutes(addressOf: AddressOf): Route[] {
  return [
    route({
      method: 'GET',
      path: environments,
      role: 'reader',
      id: 'armListContainers',
      tag,
      summary: 'List environments',
      query: ArmQuery,
      answers,
      handle: async ({ app, params, query, request }) => {
        const address = addressOf(params);
        const page = await listEnvironments(app, pageRequest(query));
        const value = page.items.map((item) => containerResource(address, item));
        return { body: { value, nextLink: nextLink(request, page.next) } };
      },
    }),
    route({
      method: 'GET',
      path: `${environments}/:name`,
      role: 'reader',
      id: 'armGetContainer',
      tag,
      summary: 'Show an environment',
      query: ArmQuery,
      answers,
      handle: async ({ app, params }) => ({
        body: containerResource(addressOf(params), await findContainer(app, params.name ?? '')),
      }),
    }),
    route({
      method: 'PUT',
      path: `${environments}/:name`,
      role: 'contributor',
      id: 'armPutContainer',
      tag,
      summary: 'Archive or restore an environment as a whole',
      query: ArmQuery,
      body: ContainerBody,
      answers,
      handle: async ({ app, params: { name = '', ...params }, body: { properties } }) => {
        const address = addressOf(params);
        const current = await findContainer(app, name);
        const description = properties.description ?? null;
        const tags = tagsOf(properties.tags);
        if (
          (description !== null && description !== current.description) ||
          (Object.keys(tags).length > 0 && canonicalJson(tags) !== canonicalJson(current.tags))
        ) {
          throw new AppError('UNSUPPORTED_FEATURE', `${name} has no description and tags of its own`, {
            hint: 'They are those of its latest version: change that one.',
          });
        }
        const archived = properties.isArchived ?? current.archived;
        if (archived !== current.archived) await (archived ? archiveEnvironment : restoreEnvironment)(app, name);
        return { body: containerResource(address, await findContainer(app, name)) };
      },
    }),
    route({
      method: 'DELETE',
      path: `${environments}/:name`,
      role: 'contributor',
      id: 'armDeleteContainer',
      tag,
      summary: 'Delete an environment that nothing used',
      query: ArmQuery,
      answers: { ...answers, 204: { description: 'It was not there' } },
      handle: async ({ app, params: { name = '', ...params } }) => {
        addressOf(params);
        return await deletion(async () => {
          await findContainer(app, name);
          await refuseIfUsed(app, name);
          for (const version of await allVersions(app, name)) await deleteVersion(app, `${name}:${version}`);
        });
      },
    }),
    route({
      method: 'GET',
      path: `${environments}/:name/versions`,
      role: 'reader',
      id: 'armListVersions',
      tag,
      summary: 'List versions, newest first',
      query: ArmQuery,
      answers,
      handle: async ({ app, params, query, request }) => {
        const address = addressOf(params);
        const { name = '' } = params;
        checkOrder(query.$orderBy);
        const page = await listVersions(app, name, pageRequest(query));
        const shown: ShownVersion[] = [];
        for (const { version } of page.items) shown.push(await showVersion(app, `${name}:${version}`));
        const value = shown.map((each) => versionResource(address, each));
        return { body: { value, nextLink: nextLink(request, page.next) } };
      },
    }),
    route({
      method: 'GET',
      path: `${environments}/:name/versions/:version`,
      role: 'reader',
      id: 'armGetVersion',
      tag,
      summary: 'Show a version',
      query: ArmQuery,
      answers,
      handle: async ({ app, params: { name, version, ...params } }) => ({
        body: versionResource(addressOf(params), await showVersion(app, `${name}:${version}`)),
      }),
    }),
    route({
      method: 'PUT',
      path: `${environments}/:name/versions/:version`,
      role: 'contributor',
      id: 'armPutVersion',
      tag,
      summary: 'Register a version, or change description, tags and the archived mark of one',
      query: ArmQuery,
      body: VersionBody,
      answers: { ...answers, 201: { description: 'It is new', contentType: 'application/json' } },
      handle: async ({ app, params: { name = '', version = '', ...params }, body: { properties } }) => {
        const address = addressOf(params);
        const { reference, isNew } = await registerVersion(app, { name, version }, properties);
        const shown = await showVersion(app, reference);
        return { status: isNew ? 201 : 200, body: versionResource(address, shown) };
      },
    }),
    route({
      method: 'DELETE',
      path: `${environments}/:name/versions/:version`,
      role: 'contributor',
      id: 'armDeleteVersion',
      tag,
      summary: 'Delete a version that nothing used',
      query: ArmQuery,
      answers: { ...answers, 204: { description: 'It was not there' } },
      handle: async ({ app, params: { name, version, ...params } }) => {
        addressOf(params);
        return await deletion(async () => void (await deleteVersion(app, `${name}:${version}`)));
      },
    }),
  ];
}

function checkOrder(order: string | undefined): void {
  if (order === undefined || /^\s*(?:properties\/)?created(?:time|at)\s+desc\s*$/i.test(order)) return;
  throw new AppError('USAGE', `versions are not sorted by \`${order}\``, { hint: 'They come as `createdtime desc`.' });
}

async function findContainer(app: App, name: string): Promise<Container> {
  const [found] = (await listEnvironments(app, { name, limit: 1, archived: 'all' })).items;
  if (found !== undefined) return found;
  throw new AppError('ENVIRONMENT_NOT_FOUND', `No environment exists for name: ${name}`);
}

/** Before the first version goes: an environment goes as a whole or not at all. */
async function refuseIfUsed(app: App, name: string): Promise<void> {
  const [run] = (await listRuns(app, { environment: name, limit: 1 })).items;
  if (run === undefined) return;
  throw new AppError('IN_USE', `${name} cannot be deleted: the run ${run.id} used version ${run.environment.version}`, {
    hint: 'Archive it instead: `isArchived: true`.',
  });
}

async function allVersions(app: App, name: string): Promise<string[]> {
  const versions: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listVersions(app, name, { limit: 1000, cursor, archived: 'all' });
    versions.push(...page.items.map(({ version }) => version));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return versions;
}

async function deletion(work: () => Promise<void>): Promise<Answer> {
  try {
    await work();
    return { status: 200 };
  } catch (error) {
    if (isAppError(error, 'ENVIRONMENT_NOT_FOUND')) return { status: 204 };
    throw error;
  }
}
