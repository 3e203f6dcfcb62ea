import { type App, listModelNames, listModels, registerModelOnce, showModel } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import { type Route, route } from '../route.ts';
import { type AddressOf, workspacesPath } from './address.ts';
import { asAzure as answers } from './answers.ts';
import { ModelBody, type ModelProperties, ModelsQuery } from './model-requests.ts';
import { modelContainerResource, modelResource } from './model-resource.ts';
import { readModelUri } from './model-uri.ts';
import { nextLink, pageRequest } from './paging.ts';
import { tagsOf } from './register-version.ts';
import { ArmQuery } from './requests.ts';
import { hasTag } from './tag-filter.ts';

const models = `${workspacesPath}/:workspace/models`;
const tag = 'azure';

/** Models, each with the environment that trained it, as Azure ML's resource manager has them. */
export function modelRoutes(addressOf: AddressOf): Route[] {
  return [
    route({
      method: 'GET',
      path: models,
      role: 'reader',
      id: 'armListModelContainers',
      tag,
      summary: 'List models, each with its latest version',
      query: ArmQuery,
      answers,
      handle: async ({ app, params, query, request }) => {
        const address = addressOf(params);
        const { limit, cursor, archived } = pageRequest(query);
        if (archived === 'archived') return { body: { value: [], nextLink: null } };
        const page = await listModelNames(app, { limit, cursor });
        const value = page.items.map((item) => modelContainerResource(address, item));
        return { body: { value, nextLink: nextLink(request, page.next) } };
      },
    }),
    route({
      method: 'GET',
      path: `${models}/:name`,
      role: 'reader',
      id: 'armGetModelContainer',
      tag,
      summary: 'Show a model',
      query: ArmQuery,
      answers,
      handle: async ({ app, params: { name = '', ...params } }) => {
        const address = addressOf(params);
        const [found] = (await listModelNames(app, { name, limit: 1 })).items;
        if (found !== undefined) return { body: modelContainerResource(address, found) };
        throw new AppError('MODEL_NOT_FOUND', `there is no model \`${name}\` in this workspace`);
      },
    }),
    route({
      method: 'GET',
      path: `${models}/:name/versions`,
      role: 'reader',
      id: 'armListModels',
      tag,
      summary: 'List the versions of a model, newest first',
      description: 'With `tags` or `version` a page may be shorter than the others: it has what of it fits.',
      query: ModelsQuery,
      answers,
      handle: async ({ app, params: { name = '', ...params }, query, request }) => {
        const address = addressOf(params);
        const { limit, cursor, archived } = pageRequest(query);
        if (archived === 'archived') return { body: { value: [], nextLink: null } };
        const page = await listModels(app, { name, limit, cursor });
        const wanted = (query.tags ?? '').split(',').filter((each) => each !== '');
        const value: object[] = [];
        for (const { version, tags } of page.items) {
          if (query.version !== undefined && query.version !== version) continue;
          if (!wanted.every((each) => hasTag(tags, each.trim()))) continue;
          value.push(modelResource(address, await showModel(app, { name, version })));
        }
        return { body: { value, nextLink: nextLink(request, page.next) } };
      },
    }),
    route({
      method: 'GET',
      path: `${models}/:name/versions/:version`,
      role: 'reader',
      id: 'armGetModel',
      tag,
      summary: 'Show a version of a model, with the environment that trained it',
      query: ArmQuery,
      answers,
      handle: async ({ app, params: { name = '', version = '', ...params } }) => ({
        body: modelResource(addressOf(params), await showModel(app, { name, version })),
      }),
    }),
    route({
      method: 'PUT',
      path: `${models}/:name/versions/:version`,
      role: 'contributor',
      id: 'armPutModel',
      tag,
      summary: 'Register an output of a job as a model',
      description: 'The same again is the same model. Nothing of one that is there can change.',
      query: ArmQuery,
      body: ModelBody,
      answers: { ...answers, 201: { description: 'It is new', contentType: 'application/json' } },
      handle: async ({ app, params: { name = '', version = '', ...params }, body: { properties } }) => {
        const address = addressOf(params);
        const isNew = await register(app, { name, version }, properties);
        return { status: isNew ? 201 : 200, body: modelResource(address, await showModel(app, { name, version })) };
      },
    }),
    route({
      method: 'DELETE',
      path: `${models}/:name/versions/:version`,
      role: 'contributor',
      id: 'armDeleteModel',
      tag,
      summary: 'Refused: models tell what trained them, and stay',
      query: ArmQuery,
      answers: {},
      handle: async ({ app, params: { name = '', version = '', ...params } }) => {
        addressOf(params);
        await showModel(app, { name, version });
        throw new AppError('UNSUPPORTED_FEATURE', `the model ${name}:${version} is not deleted: models stay`);
      },
    }),
  ];
}

/** True if it is new. */
async function register(
  app: App,
  { name, version }: { name: string; version: string },
  properties: ModelProperties,
): Promise<boolean> {
  if (properties.isArchived === true)
    throw new AppError('UNSUPPORTED_FEATURE', 'models are not archived', { hint: 'Leave `isArchived` out.' });
  const header = { description: properties.description ?? undefined, tags: tagsOf(properties.tags) };
  const request = { ...readModelUri(properties.modelUri), ...header, name, version };
  return (await registerModelOnce(app, request)).isNew;
}
