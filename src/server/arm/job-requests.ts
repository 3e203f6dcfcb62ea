import * as z from 'zod';
import { Text } from '../../schema/rest/index.ts';
import { ArmParameters, once } from './requests.ts';

export const JobsQuery = z.preprocess(
  once,
  ArmParameters.extend({ jobType: Text(100).optional(), tag: Text(1200).optional() }),
);

/** What kind of job it is decides how the rest is read. */
export const JobBody = z.object({ properties: z.looseObject({ jobType: Text(100) }) });

const Names = Text(300).min(1);
/** Refused, by its name, unless it is empty: what means something, but has no meaning here. */
const Nothing = z.unknown();

/** The properties of a command job, as a client sends them. What only the service sets is not read. */
export const CommandJobProperties = z.object({
  command: Text(1 << 20).min(1),
  environmentId: Text(4000).min(1),
  environmentVariables: z.record(Names, Text(100_000).nullable()).nullish(),
  displayName: Text(1000).nullish(),
  experimentName: Text(1000).nullish(),
  description: Text(10_000).nullish(),
  tags: z.record(Text(100), Text(1000).nullable()).nullish(),
  computeId: Text(4000).nullish(),
  inputs: z
    .record(Names, z.object({ jobInputType: Text(100), value: Text(100_000).nullish(), uri: Text(4000).nullish() }))
    .nullish(),
  outputs: z.record(Names, z.object({ jobOutputType: Text(100), uri: Text(4000).nullish() }).nullable()).nullish(),
  limits: z.object({ timeout: Text(100).nullish() }).nullish(),
  resources: z
    .object({
      instanceCount: z.int().nullish(),
      instanceType: Text(300).nullish(),
      shmSize: Text(30).nullish(),
      dockerArgs: Text(10_000).nullish(),
      locations: Nothing.optional(),
      maxInstanceCount: Nothing.optional(),
    })
    .nullish(),
  isArchived: z.boolean().nullish(),
  codeId: Nothing.optional(),
  componentId: Nothing.optional(),
  distribution: Nothing.optional(),
  identity: Nothing.optional(),
  services: Nothing.optional(),
  queueSettings: Nothing.optional(),
});
export type CommandJobProperties = z.output<typeof CommandJobProperties>;
