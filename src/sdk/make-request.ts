import { resolve } from 'node:path';
import {
  type PackedContent,
  type PackedDefinition,
  packCode,
  packDefinition,
  packJob,
  type UploadedJob,
} from '../app/index.ts';
import { AppError } from '../errors/index.ts';
import type { DefinitionInput, RunInput, Version } from './types.ts';

/** A request with the content that its digests mean. */
export interface Packed<T> {
  request: T;
  contents: Map<string, PackedContent>;
}

export interface RequestMaker {
  cwd: string;
  signal?: AbortSignal;
  /** Registers a definition that a job names by its path. */
  register: (definition: DefinitionInput) => Promise<Version>;
}

export async function makeDefinition(definition: DefinitionInput, cwd: string): Promise<PackedDefinition> {
  if ('file' in definition) return await packDefinition(resolve(cwd, definition.file));
  return { text: definition.text, path: definition.path ?? 'environment.yml', files: {}, contents: new Map() };
}

export async function makeRun(input: RunInput, maker: RequestMaker): Promise<Packed<UploadedJob>> {
  const { code, inputs, variables, secrets, target, timeout, displayName, tags } = input;
  const options = { inputs, variables, secrets, target, timeout, displayName, tags };
  const what = await whatOf(input, maker);
  const folder = code === undefined ? what.code : resolve(maker.cwd, code);
  const { job, environment, command } = what;
  const base = { job, environment, command, ...options };
  if (folder === undefined) return { request: base, contents: new Map() };
  const { files, contents } = await packCode(folder, maker.signal);
  return { request: { ...base, code: files }, contents };
}

interface What {
  job?: string;
  environment?: string;
  command?: string[];
  code?: string;
}

async function whatOf(input: RunInput, { cwd, register }: RequestMaker): Promise<What> {
  if (!('job' in input)) {
    if (input.environment === undefined || input.command === undefined)
      throw new AppError('USAGE', 'there is nothing to run', { hint: 'Give `job`, or `environment` and `command`.' });
    return { environment: input.environment, command: input.command };
  }
  const { text, environmentFile, code } = await packJob(resolve(cwd, input.job), input.environment);
  if (environmentFile === undefined) return { job: text, environment: input.environment, code };
  const { name, version } = await register({ file: environmentFile });
  return { job: text, environment: `${name}:${version}`, code };
}
