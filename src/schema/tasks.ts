import * as z from 'zod';
import { JobInput, JobOutput, JobVariable } from './job.ts';
import { Platform } from './platform.ts';
import { RunRecord } from './records.ts';

/** What a worker has to know of a run, besides its record. */
export const RunTask = z.object({
  versionId: z.number().int(),
  target: z.union([
    z.object({ kind: z.literal('local') }),
    z.object({
      kind: z.literal('docker'),
      engine: z.string().optional(),
      formerEngine: z.string().optional(),
      gpus: z.string().optional(),
      shmSize: z.string().optional(),
      args: z.array(z.string()),
    }),
  ]),
  code: z.union([
    z.object({ kind: z.literal('stored'), snapshot: RunRecord.shape.snapshot.unwrap() }),
    z.object({ kind: z.literal('none') }),
  ]),
  inputs: z.record(z.string(), JobInput),
  optionalInputs: z.array(z.string()),
  outputs: z.record(z.string(), JobOutput),
  variables: z.record(z.string(), JobVariable),
  /** The values of `secret` variables and of what is hidden in the record, encrypted with the workspace's key. */
  secrets: z.string().nullable(),
  /** Of a replay: what it must have. */
  imageDigest: z.string().optional(),
  lockDigest: z.string().optional(),
});
export type RunTask = z.infer<typeof RunTask>;

/** What a worker has to know of a build, besides its record. */
export const BuildTask = z.object({
  versionId: z.number().int(),
  platforms: z.array(Platform),
  rebuild: z.boolean(),
});
export type BuildTask = z.infer<typeof BuildTask>;

/** A process that takes tasks. */
export const WorkerRecord = z.object({
  name: z.string(),
  host: z.string(),
  platform: z.string().nullable(),
  /** How many tasks at once, and how many now. */
  parallel: z.number().int(),
  going: z.number().int(),
  startedAt: z.string(),
  terroirVersion: z.string(),
});
export type WorkerRecord = z.infer<typeof WorkerRecord>;
