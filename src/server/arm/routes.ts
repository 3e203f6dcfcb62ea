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
  updateVersion,
} from '../../app/index.ts';
import { AppError, isAppError } from '../../errors/index.ts';
import { canonicalJson } from '../../schema/index.ts';
import { type Answer, type Call, type Route, route } from '../route.ts';
import { registerVersion, tagsOf } from './register-version.ts';
import { ArmQuery, ContainerBody, VersionBody, type VersionProperties } from './requests.ts';
import {
  type Container,
  containerResource,
  provider,
  versionResource,
  type WorkspaceAddress,
  workspaceResource,
} from './resources.ts';

const workspaces = `/subscriptions/:subscription/resourceGroups/:group/providers/${provider}/workspaces`;
const environments = `${workspaces}/:workspace/environments`;
const tag = 'azure';
const answers = { 200: { description: 'As Azure answers', contentType: 'application/json' } };
const archivedFilters = { ActiveOnly: 'active', ArchivedOnly: 'archived', All: 'all' } as const;

/**
 * Environments as Azure ML's resource manager has them, so that its own clients manage ours. Any subscription and resource group will do; the
 * workspace is this server's.
 */
export function armRoutes(workspaceName: string): Route[] {
  const addressOf = ({ subscription = '', group = '', workspace = '' }: Call['params']): WorkspaceAddress => {
    if (workspace.toLowerCase() === workspaceName.toLowerCase()) return { subscription, group, workspace };
    throw new AppError('WORKSPACE_NOT_FOUND', `there is no workspace \`${workspace}\` here`, {
      hint: `This server’s is \`${workspaceName}\`.`,
    });
  };
  return [
    route({
      method: 'GET',
      path: workspaces,
      role: 'reader',
      id: 'armListWorkspaces',
      tag,
      summary: 'List workspaces: there is one',
      query: ArmQuery,
      answers,
      handle: async ({ params }) => ({
        body: { value: [workspaceResource(addressOf({ ...params, workspace: workspaceName }))] },
      }),
    }),
    route({
      method: 'GET',
      path: `${workspaces}/:workspace`,
      role: 'reader',
      id: 'armGetWorkspace',
      tag,
      summary: 'Show the workspace',
      query: ArmQuery,
      answers,
      handle: async ({ params }) => ({ body: workspaceResource(addressOf(params)) }),
    }),
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
        const isNew = await registerVersion(app, { name, version }, properties);
        const reference = `${name}:${version}`;
        await changeHeader(app, reference, properties);
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

function pageRequest(query: ArmQuery): { limit: number; cursor?: string; archived: 'active' | 'archived' | 'all' } {
  return {
    limit: Math.min(query.$top ?? 100, 1000),
    cursor: query.$skip ?? query.$skipToken,
    archived: archivedFilters[query.listViewType ?? 'ActiveOnly'],
  };
}

/** The address of the next page: the one that was asked, going on from there. */
function nextLink(request: Call['request'], next: string | null): string | null {
  if (next === null) return null;
  const url = new URL(request.url, `${request.protocol}://${request.host}`);
  url.searchParams.delete('$skipToken');
  url.searchParams.set('$skip', next);
  return url.href;
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

/** A PUT says what all of it shall be. */
async function changeHeader(app: App, reference: string, properties: VersionProperties): Promise<void> {
  const { version } = await showVersion(app, reference);
  const description = properties.description ?? null;
  const tags = tagsOf(properties.tags);
  if (description !== version.description || canonicalJson(tags) !== canonicalJson(version.tags))
    await updateVersion(app, reference, { description, tags, replaceTags: true });
  const archived = properties.isArchived ?? false;
  if (archived !== version.archived) await (archived ? archiveEnvironment : restoreEnvironment)(app, reference);
}
