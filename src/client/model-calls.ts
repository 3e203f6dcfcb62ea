import type * as useCases from '../app/index.ts';
import { requireParts } from '../app/index.ts';
import type { ModelRecord, RunRecord } from '../schema/index.ts';
import type { Answer, Connection, Request } from './connection.ts';
import { segment } from './paths.ts';

/** Registered outputs of runs. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it makes
export function createModelCalls({ api }: Connection) {
  return {
    listModels: async (query: Request<typeof useCases.listModels>) =>
      await api.json<Answer<typeof useCases.listModels>>({ path: '/models', query: { ...query } }),

    registerModel: async (body: useCases.ModelRequest): Promise<ModelRecord> =>
      await api.json({ method: 'POST', path: '/models', body: requireParts(body) }),

    showModel: async (reference: string): Promise<useCases.ShownModel> => {
      const colon = reference.indexOf(':');
      const path =
        colon === -1
          ? `/models/${segment(reference)}`
          : `/models/${segment(reference.slice(0, colon))}/versions/${segment(reference.slice(colon + 1))}`;
      const {
        environment: _,
        lockDigest: _lock,
        imageDigest: _image,
        run: id,
        ...model
      } = await api.json<ShownModel>({ path });
      return { model, run: await api.json<RunRecord>({ path: `/runs/${segment(id)}` }) };
    },
  };
}

type ShownModel = ModelRecord & Pick<RunRecord, 'environment' | 'lockDigest' | 'imageDigest'> & { run: string };
