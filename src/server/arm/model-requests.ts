import * as z from 'zod';
import { Text } from '../../schema/rest/index.ts';
import { ArmParameters, once } from './requests.ts';

export const ModelsQuery = z.preprocess(
  once,
  ArmParameters.extend({ version: Text(300).optional(), tags: Text(4000).optional() }),
);

/** The properties of a model version, as a client sends them. What only the service sets is not read. */
export const ModelBody = z.object({
  properties: z.object({
    modelUri: Text(4000).min(1),
    modelType: Text(100).nullish(),
    description: Text(10_000).nullish(),
    tags: z.record(Text(100), Text(1000).nullable()).nullish(),
    isArchived: z.boolean().nullish(),
    isAnonymous: z.boolean().nullish(),
  }),
});
export type ModelProperties = z.output<typeof ModelBody>['properties'];
