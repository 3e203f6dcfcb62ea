import { resolve } from 'node:path';
import type { ReadWarning } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import { packDefinition } from '../environments/pack-definition.ts';
import type { PackedContent } from '../environments/packed-content.ts';
import { packCode, packJob } from './pack-job.ts';
import type { UploadedJob } from './submit-uploaded.ts';

/** What to run: a job file, or an environment and the words of a command. */
export type RunInput = RunOptions &
  ({ job: string; environment?: string } | { environment: string; command: readonly string[] });

interface RunOptions {
  /** A folder on this machine; of a job file, its own `code` if not given. */
  code?: string;
  inputs?: Record<string, string>;
  /** `secret:NAME` takes the value from `secrets`. */
  variables?: Record<string, string>;
  secrets?: Record<string, string>;
  target?: string;
  gpus?: string;
  priority?: number;
  timeout?: number;
  displayName?: string;
  tags?: Record<string, string>;
}

export interface PackedRun {
  request: UploadedJob;
  /** By digest. */
  contents: Map<string, PackedContent>;
}

export interface PackOptions {
  cwd: string;
  /** Where secrets come from that are not given. */
  env: Record<string, string | undefined>;
  signal?: AbortSignal;
  /** The reference of what a word means that may name a definition's file. */
  settle: (word: string) => Promise<string>;
  /** Takes what is odd about an environment that is written into the job, where nobody else will tell it here. */
  warn?: (warnings: readonly ReadWarning[]) => void;
}

/** A run with everything of this machine that it needs. @throws AppError FILE_NOT_FOUND, INVALID_JOB, SNAPSHOT_TOO_LARGE; USAGE for a secret that is not set. */
export async function packRun(input: RunInput, options: PackOptions): Promise<PackedRun> {
  const { code, inputs, variables, secrets, target, gpus, priority, timeout, displayName, tags } = input;
  const what = await whatOf(input, options);
  const request: UploadedJob = {
    ...what.request,
    inputs,
    variables,
    secrets: { ...readSecrets(variables, what.secrets, { ...options.env, ...secrets }), ...secrets },
    target,
    gpus,
    priority,
    timeout,
    displayName,
    tags,
  };
  const folder = code === undefined ? what.code : resolve(options.cwd, code);
  if (folder === undefined) return { request, contents: what.contents };
  const packed = await packCode(folder, options.signal);
  return { request: { ...request, code: packed.files }, contents: new Map([...what.contents, ...packed.contents]) };
}

interface What {
  request: UploadedJob;
  contents: Map<string, PackedContent>;
  code?: string;
  /** Variables that the job takes from the submitter's environment. */
  secrets: readonly string[];
}

async function whatOf(input: RunInput, { cwd, settle, warn }: PackOptions): Promise<What> {
  const nothing = { contents: new Map<string, PackedContent>(), secrets: [] };
  if (!('job' in input)) {
    const { environment, command } = input as Partial<typeof input>;
    if (environment === undefined || command === undefined)
      throw new AppError('USAGE', 'there is nothing to run', { hint: 'Give `job`, or `environment` and `command`.' });
    return { ...nothing, request: { environment: await settle(environment), command: [...command] } };
  }
  const { environment, inputs, target } = input;
  const { text, environmentFile, inline, code, secrets } = await packJob(input.job, {
    cwd,
    environment,
    inputs,
    target,
  });
  const word = environment ?? environmentFile;
  const request: UploadedJob = { job: text, environment: word === undefined ? undefined : await settle(word) };
  if (inline === undefined) return { ...nothing, request, code, secrets };
  const { files, contents, warnings } = await packDefinition({ cwd }, { kind: 'inline', path: 'job.yml', ...inline });
  warn?.(warnings);
  return { request: { ...request, files }, contents, code, secrets };
}

/** The values of the secrets that are asked for. */
function readSecrets(
  variables: Readonly<Record<string, string>> = {},
  ofJob: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const ofOptions = Object.values(variables).flatMap((value) => /^secret:(\w+)$/.exec(value)?.[1] ?? []);
  return Object.fromEntries(
    [...ofJob, ...ofOptions].map((name) => {
      const value = env[name];
      if (value !== undefined) return [name, value];
      throw new AppError('USAGE', `the secret \`${name}\` is not set`, { hint: `Set ${name} in your environment.` });
    }),
  );
}
