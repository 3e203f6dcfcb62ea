import { listModels, registerModelOnce, showModel } from '../../app/index.ts';
import { ModelRecord } from '../../schema/index.ts';
import * as rest from '../../schema/rest/index.ts';
import { etagOfRecord } from '../etag.ts';
import { type Answer, type Call, type Route, route } from '../route.ts';
import { ifNoneMatch, json, pageOf, unchanged } from './parts.ts';

const tag = 'models';

/** Registered outputs of runs. */
export const modelRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/models',
    role: 'reader',
    id: 'listModels',
    tag,
    summary: 'List models',
    query: rest.ModelsQuery,
    answers: { 200: json('A page of models', rest.ModelPage) },
    handle: async ({ app, query: { name, run, ...page } }) => ({
      body: await listModels(app, { ...pageOf(page), name, run }),
    }),
  }),
  route({
    method: 'POST',
    path: '/models',
    role: 'contributor',
    id: 'registerModel',
    tag,
    summary: 'Register an output of a run as a model',
    body: rest.RegisterModel,
    description: 'With a version, the same again is the model that is there. Without one, each makes the next.',
    answers: { 200: json('It was there', ModelRecord), 201: json('The model', ModelRecord) },
    handle: async ({ app, body }) => {
      const { model, isNew } = await registerModelOnce(app, body);
      return { status: isNew ? 201 : 200, body: model };
    },
  }),
  route({
    method: 'GET',
    path: '/models/:name',
    role: 'reader',
    id: 'showLatestModel',
    tag,
    summary: 'Show the model that was registered last under a name, and what trained it',
    headers: [ifNoneMatch],
    answers: { 200: json('The model', rest.ShownModel), ...unchanged },
    handle: async ({ app, params: { name = '' } }) => await show(app, name),
  }),
  route({
    method: 'GET',
    path: '/models/:name/versions/:version',
    role: 'reader',
    id: 'showModel',
    tag,
    summary: 'Show a version of a model, and what trained it',
    headers: [ifNoneMatch],
    answers: { 200: json('The model', rest.ShownModel), ...unchanged },
    handle: async ({ app, params: { name = '', version = '' } }) => await show(app, name, version),
  }),
];

async function show(app: Call['app'], name: string, version?: string): Promise<Answer> {
  const { model, run } = await showModel(app, { name, version });
  const { environment, lockDigest, imageDigest, id } = run;
  const body = { ...model, environment, lockDigest, imageDigest, run: id };
  return { headers: { etag: etagOfRecord(body) }, body };
}
