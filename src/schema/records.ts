import * as z from 'zod';

/** The statuses of a run, Azure ML's words. */
export const runStatuses = [
  'NotStarted',
  'Queued',
  'Preparing',
  'Running',
  'Finalizing',
  'Completed',
  'Failed',
  'Canceled',
] as const;
export const RunStatus = z.enum(runStatuses);
export type RunStatus = z.infer<typeof RunStatus>;

export const terminalStatuses: ReadonlySet<RunStatus> = new Set(['Completed', 'Failed', 'Canceled']);

/** A variable as a record shows it: its value, or for a secret a keyed hash (HMAC-SHA-256, first 16 hex) that tells only whether it changed. */
export const RecordedVariable = z.union([
  z.string(),
  /** `from`: the variable of the submitter that it was taken from. */
  z.object({
    secret: z.string(),
    from: z.string().optional(),
    /** What may be seen of it: an address without the user info that it had. */
    shown: z.string().optional(),
  }),
]);
export type RecordedVariable = z.infer<typeof RecordedVariable>;

export const RecordedInput = z.object({
  type: z.string(),
  /** The literal, or the path as written. */
  value: z.union([z.string(), z.number(), z.boolean()]),
  digest: z.string().optional(),
  size: z.number().optional(),
});
export type RecordedInput = z.infer<typeof RecordedInput>;

export const RecordedOutput = z.object({
  type: z.string(),
  /** Relative to the run's folder, or absolute where the job asked for a place. */
  path: z.string(),
  digest: z.string().optional(),
  size: z.number().optional(),
  files: z.number().int().optional(),
});
export type RecordedOutput = z.infer<typeof RecordedOutput>;

export const GitState = z.object({
  /** Without user info. */
  remote: z.string().optional(),
  branch: z.string().optional(),
  commit: z.string(),
  dirty: z.boolean(),
});
export type GitState = z.infer<typeof GitState>;

export const MachineFacts = z.object({
  platform: z.string(),
  os: z.string(),
  kernel: z.string(),
  libc: z.string().optional(),
  cpu: z.string(),
  cores: z.number().int(),
  memory: z.number().int(),
  gpus: z.array(z.object({ name: z.string(), memory: z.string().optional() })),
  gpuDriver: z.string().optional(),
});
export type MachineFacts = z.infer<typeof MachineFacts>;

export const ResourceUse = z.object({
  /** Seconds. */
  wall: z.number(),
  userCpu: z.number(),
  systemCpu: z.number(),
  /** Bytes; the peak that was seen, sampled. */
  maxMemory: z.number().optional(),
});
export type ResourceUse = z.infer<typeof ResourceUse>;

/** Which interpreter ran, and for a user-managed environment which distributions it saw. */
export const InterpreterFacts = z.object({
  path: z.string(),
  version: z.string(),
  implementation: z.string(),
  distributions: z.array(z.object({ name: z.string(), version: z.string() })).optional(),
});
export type InterpreterFacts = z.infer<typeof InterpreterFacts>;

/** How a container was started, besides its image. */
export const RecordedContainer = z.object({
  /** Which engine ran it; until one is chosen, the one that was asked for. */
  engine: z.string().nullable(),
  /** A number, or `all`. */
  gpus: z.string().nullable(),
  shmSize: z.string().nullable(),
  /** Further words for the engine. */
  args: z.array(z.string()),
});
export type RecordedContainer = z.infer<typeof RecordedContainer>;

/** The record of a run, as `runs show --json` prints it. After the end it never changes. */
export const RunRecord = z.object({
  id: z.string(),
  status: RunStatus,
  displayName: z.string().nullable(),
  experimentName: z.string().nullable(),
  description: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
  environment: z.object({ name: z.string(), version: z.string(), fingerprint: z.string() }),
  lockDigest: z.string().nullable(),
  lockRevision: z.number().int().nullable(),
  imageDigest: z.string().nullable(),
  prefix: z.string().nullable(),
  interpreter: InterpreterFacts.nullable(),
  target: z.string(),
  /** Null for a run without a container, and in records from before this was told. */
  container: RecordedContainer.nullable().default(null),
  /** The worker that it was sent to by name. */
  compute: z.string().nullable().default(null),
  /** The worker that runs it, if one was asked. */
  worker: z.string().nullable().default(null),
  /** As given: the job's command text, or the words after `--`; with `(secret, HASH)` in the place of what looks like a secret. */
  command: z.union([z.string(), z.array(z.string())]),
  /** With placeholders expanded: the words that were executed. */
  executed: z.array(z.string()),
  snapshot: z.object({ digest: z.string(), files: z.number().int(), size: z.number().int() }).nullable(),
  /** Where it ran: a copy of the snapshot, or in place. */
  workingFolder: z.string().nullable(),
  /** Seconds after which it is ended. */
  timeout: z.number().nullable(),
  git: GitState.nullable(),
  environmentVariables: z.record(z.string(), RecordedVariable),
  /** Names of variables of the caller that were taken away before the start. */
  removedVariables: z.array(z.string()),
  inputs: z.record(z.string(), RecordedInput),
  outputs: z.record(z.string(), RecordedOutput),
  /** The list of all that stood in its outputs at the end, where the workspace keeps it because its machines share no folder. */
  keptOutputs: z
    .object({ digest: z.string(), files: z.number().int(), size: z.number().int() })
    .nullable()
    .default(null),
  machine: MachineFacts.nullable(),
  resources: ResourceUse.nullable(),
  createdAt: z.string(),
  createdBy: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  exitCode: z.number().int().nullable(),
  /** The signal that ended the script, such as `SIGKILL`. */
  signal: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).nullable(),
  /** The run that this one repeats. */
  replayOf: z.string().nullable(),
  /** Things worth knowing that are no error: "the base image is not part of a local run". */
  notes: z.array(z.string()),
  terroirVersion: z.string(),
});
export type RunRecord = z.infer<typeof RunRecord>;

export const ModelRecord = z.object({
  name: z.string(),
  version: z.string(),
  runId: z.string(),
  /** Inside the run's outputs or working folder, as given. */
  path: z.string(),
  digest: z.string(),
  size: z.number().int(),
  files: z.number().int(),
  description: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
  createdAt: z.string(),
  createdBy: z.string(),
});
export type ModelRecord = z.infer<typeof ModelRecord>;

export const buildStatuses = ['Queued', 'Running', 'Completed', 'Failed', 'Canceled'] as const;
export const BuildStatus = z.enum(buildStatuses);
export type BuildStatus = z.infer<typeof BuildStatus>;

/** An image of one platform that a build answered. */
export const BuiltPlatform = z.object({
  platform: z.string(),
  revision: z.number().int(),
  digest: z.string(),
  size: z.number().int(),
  source: z.enum(['workspace', 'global', 'built']),
});

/** The record of a build that somebody asked a server for. After the end it never changes. */
export const BuildRecord = z.object({
  id: z.string(),
  status: BuildStatus,
  environment: z.object({ name: z.string(), version: z.string(), fingerprint: z.string() }),
  platforms: z.array(z.string()),
  rebuild: z.boolean(),
  priority: z.number().int(),
  /** Who does it, or did it last. */
  worker: z.string().nullable(),
  /** How often it was begun: more than once if a worker was lost. */
  attempts: z.number().int(),
  createdAt: z.string(),
  createdBy: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).nullable(),
  images: z.array(BuiltPlatform).nullable(),
});
export type BuildRecord = z.infer<typeof BuildRecord>;
