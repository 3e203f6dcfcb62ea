import * as z from 'zod';
import { Text } from '../../schema/rest/index.ts';

/** Azure's clients follow a `nextLink` with their own parameters added once more. */
export function once(query: unknown): unknown {
  if (typeof query !== 'object' || query === null) return query;
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [
      name,
      Array.isArray(value) ? (value as unknown[])[0] : (value as unknown),
    ]),
  );
}

/** The query of a call: unknown parameters are the client's own business. */
export const ArmParameters = z.object({
  'api-version': z
    .string({ error: 'The api-version query parameter (?api-version=) is required for all requests.' })
    .regex(/^20\d\d-\d\d-\d\d(?:-preview)?$/),
  $skip: Text(2000).optional(),
  $skipToken: Text(2000).optional(),
  $top: z
    .string()
    .regex(/^[1-9]\d{0,3}$/)
    .transform(Number)
    .optional(),
  $orderBy: Text(200).optional(),
  listViewType: z.enum(['ActiveOnly', 'ArchivedOnly', 'All']).optional(),
});
export const ArmQuery = z.preprocess(once, ArmParameters);
export type ArmQuery = z.output<typeof ArmQuery>;

const Route = z.object({ path: Text(1000), port: z.number().int() });
const Tags = z.record(Text(100), Text(1000).nullable()).nullish();

/** The properties of an environment version, as a client sends them. What only the service sets is not read. */
export const VersionProperties = z.object({
  description: Text(10_000).nullish(),
  tags: Tags,
  isAnonymous: z.boolean().nullish(),
  isArchived: z.boolean().nullish(),
  autoRebuild: z.enum(['Disabled', 'OnBaseImageUpdate']).nullish(),
  build: z.object({ contextUri: Text(4000), dockerfilePath: Text(1000).nullish() }).nullish(),
  condaFile: Text(1 << 20).nullish(),
  image: Text(2000).nullish(),
  inferenceConfig: z
    .object({ livenessRoute: Route.nullish(), readinessRoute: Route.nullish(), scoringRoute: Route.nullish() })
    .nullish(),
  osType: z.enum(['Linux', 'Windows']).nullish(),
});
export type VersionProperties = z.output<typeof VersionProperties>;

export const VersionBody = z.object({ properties: VersionProperties });

export const ContainerBody = z.object({
  properties: z.object({ description: Text(10_000).nullish(), tags: Tags, isArchived: z.boolean().nullish() }),
});
