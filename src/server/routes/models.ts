import { listModels, registerModel, showModel } from '../../app/index.ts';
import { ModelRecord } from '../../schema/index.ts';
import * as rest from '../../schema/rest/index.ts';
import { type Call, type Route, route } from '../route.ts';
import { json, pageOf } from './parts.ts';

const tag = 'models';

/** Registered outputs of runs. */
export const modelRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/models',
    role: 'reader',
    id: 'listModels',
    tag,
    summary: 'List models, newest first',
    query: rest.ModelsQuery,
    answers: { 200: json('A page of models', rest.ModelPage) },
    handle: async ({ app, query: { name, ...page } }) => ({ body: await listModels(app, { ...pageOf(page), name }) }),
  }),
  route({
    method: 'POST',
    path: '/models',
    role: 'contributor',
    id: 'registerModel',
    tag,
    summary: 'Register an output of a run as a model',
    body: rest.RegisterModel,
    answers: { 201: json('The model', ModelRecord) },
    handle: async ({ app, body }) => ({ status: 201, body: await registerModel(app, body) }),
  }),
  route({
    method: 'GET',
    path: '/models/:name',
    role: 'reader',
    id: 'showLatestModel',
    tag,
    summary: 'Show the model that was registered last under a name, and what trained it',
    answers: { 200: json('The model', rest.ShownModel) },
    handle: async ({ app, params: { name = '' } }) => await show(app, name),
  }),
  route({
    method: 'GET',
    path: '/models/:name/versions/:version',
    role: 'reader',
    id: 'showModel',
    tag,
    summary: 'Show a version of a model, and what trained it',
    answers: { 200: json('The model', rest.ShownModel) },
    handle: async ({ app, params: { name = '', version = '' } }) => await show(app, name, version),
  }),
];

async function show(app: Call['app'], name: string, version?: string): Promise<{ body: object }> {
  const { model, run } = await showModel(app, { name, version });
  const { environment, lockDigest, imageDigest, id } = run;
  return { body: { ...model, environment, lockDigest, imageDigest, run: id } };
}
