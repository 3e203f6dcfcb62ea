import * as z from 'zod';

export const InputMode = z.enum(['ro_mount', 'rw_mount', 'download', 'direct', 'eval_mount', 'eval_download']);

/** A literal value, or a path on this machine with its declared type. */
export const JobInput = z.union([
  z.object({ kind: z.literal('literal'), value: z.union([z.string(), z.number(), z.boolean()]) }),
  z.object({
    kind: z.literal('path'),
    type: z.enum(['uri_file', 'uri_folder', 'mltable', 'mlflow_model', 'custom_model', 'triton_model']),
    /** Absolute. */
    path: z.string(),
    /** The path as the job file has it. */
    written: z.string().optional(),
    mode: InputMode.optional(),
  }),
]);
export type JobInput = z.infer<typeof JobInput>;

export const JobOutput = z.object({
  type: z.enum(['uri_file', 'uri_folder', 'mltable', 'mlflow_model', 'custom_model', 'triton_model']),
  /** Where the user wants it, absolute, `${{name}}` unexpanded; without one it stays in the run's folder. */
  path: z.string().optional(),
});
export type JobOutput = z.infer<typeof JobOutput>;

/** A variable's value: literal text, or a secret that is read from the submitter's environment and never recorded. */
export const JobVariable = z.union([
  z.object({ kind: z.literal('literal'), value: z.string() }),
  z.object({ kind: z.literal('secret'), variable: z.string() }),
]);
export type JobVariable = z.infer<typeof JobVariable>;

/** A command job, parsed and checked. Placeholders in `command` are still unexpanded. */
export const CommandJob = z.object({
  name: z.string().optional(),
  displayName: z.string().optional(),
  experimentName: z.string().optional(),
  description: z.string().optional(),
  tags: z.record(z.string(), z.string()),
  command: z.string(),
  /** Absolute path of the code folder or file; absent if the job has none. */
  code: z.string().optional(),
  environment: z.union([
    z.object({ kind: z.literal('reference'), reference: z.string() }),
    /** The inline definition's YAML text; it is read like a file in the job file's folder. */
    z.object({ kind: z.literal('inline'), source: z.string() }),
  ]),
  environmentVariables: z.record(z.string(), JobVariable),
  inputs: z.record(z.string(), JobInput),
  /** Names of inputs that may be left out of the command; those without a value are not in `inputs`. */
  optionalInputs: z.array(z.string()).optional(),
  outputs: z.record(z.string(), JobOutput),
  /** Where it shall run; undefined if nobody says. */
  compute: z.string().optional(),
  /** `resources`, as far as only a container has them. */
  container: z.object({ shmSize: z.string().optional(), dockerArgs: z.array(z.string()).optional() }).optional(),
  /** Seconds. */
  timeout: z.number().positive().optional(),
  /** Things that the submitter should be told, and the run's record should hold. */
  notes: z.array(z.string()).optional(),
});
export type CommandJob = z.infer<typeof CommandJob>;
