import { createShapeReader, parseYaml, type SourceDocument, throwProblems } from '../documents/index.ts';
import type { CommandJob } from '../schema/index.ts';
import { checkPlaceholders } from './check-placeholders.ts';
import { createJobReader, type JobReader } from './job-reader.ts';
import { refuseOtherFiles } from './other-files.ts';
import { readEnvironment } from './read-environment.ts';
import { readInputs } from './read-inputs.ts';
import { readOutputs } from './read-outputs.ts';
import { readCompute, readResources, readTimeout } from './read-target.ts';
import { readVariables } from './read-variables.ts';
import { unsupportedKeys } from './unsupported.ts';

export interface ReadJobOptions {
  /** Absolute folder of the job file; its relative paths begin here. */
  folder: string;
  /** Wins over the file's `compute`. */
  target?: string;
  /** What `compute` may name besides `local` and `docker`; `any` if somebody else will look. */
  workers?: readonly string[] | 'any';
  /** Wins over the file's `environment`. */
  environment?: string;
  /** Win over the values of the file's `inputs`, which must have them; relative paths begin in `cwd`. */
  inputs?: Readonly<Record<string, string>>;
  /** Absolute; needed for `inputs`. */
  cwd?: string;
}

const keys = [
  'type',
  'name',
  'display_name',
  'experiment_name',
  'description',
  'tags',
  'command',
  'code',
  'environment',
  'environment_variables',
  'inputs',
  'outputs',
  'compute',
  'limits',
  'resources',
  '$schema',
] as const;

/**
 * Reads a command job. Relative paths come out absolute.
 * @throws AppError INVALID_JOB, or UNSUPPORTED_KEY if all that is wrong is what a local run cannot do; USAGE for `inputs` that don't fit.
 */
export function readJob(source: SourceDocument, options: ReadJobOptions): CommandJob {
  const document = parseYaml(source, 'INVALID_JOB');
  refuseOtherFiles(document);
  const reader = createJobReader(createShapeReader(document), options);
  const { shape } = reader;
  if (!shape.map([], [...keys, ...Object.keys(unsupportedKeys)], 'a command job'))
    throwProblems('INVALID_JOB', shape.problems);
  refuseKeys(reader);
  const { inputs, optionalInputs, names: inputNames } = readInputs(reader);
  const { outputs, names: outputNames } = readOutputs(reader);
  const environment = readEnvironment(reader);
  const job: CommandJob = {
    name: readName(reader),
    displayName: shape.text(['display_name']),
    experimentName: shape.text(['experiment_name']),
    description: shape.text(['description']),
    tags: shape.textMap(['tags']) ?? {},
    command: readCommand(reader, { inputs: inputNames, outputs: outputNames, optionalInputs }),
    code: reader.localPath(['code'], 'the `code`')?.path,
    environment: environment ?? { kind: 'reference', reference: '' },
    environmentVariables: readVariables(reader),
    inputs,
    ...(optionalInputs.length === 0 ? {} : { optionalInputs }),
    outputs,
    ...readPlace(reader),
    timeout: readTimeout(reader),
  };
  const { unsupported, notes } = reader;
  if (shape.problems.length > 0) throwProblems('INVALID_JOB', [...shape.problems, ...unsupported]);
  if (unsupported.length > 0) throwProblems('UNSUPPORTED_KEY', unsupported);
  return notes.length === 0 ? job : { ...job, notes };
}

/** Where it runs, and what it shall have there. */
function readPlace(reader: JobReader): Pick<CommandJob, 'compute' | 'container'> {
  const compute = readCompute(reader);
  return { compute, container: readResources(reader, compute) };
}

function refuseKeys(reader: JobReader): void {
  const { shape } = reader;
  for (const [key, { reason, hint }] of Object.entries(unsupportedKeys)) {
    if (shape.has([key])) reader.refuse([key], `\`${key}\` is not supported: ${reason}`, hint);
  }
  shape.oneOf(['type'], ['command']);
}

function readName({ shape }: JobReader): string | undefined {
  const name = shape.text(['name']);
  if (name !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/.test(name)) {
    shape.report(
      ['name'],
      `\`${name}\` is no name for a job`,
      'Names have letters, digits, `-` and `_`, begin with a letter or digit, and are at most 255 long.',
    );
  }
  return name;
}

function readCommand({ shape }: JobReader, names: Parameters<typeof checkPlaceholders>[1]): string {
  const command = shape.text(['command'])?.trimEnd();
  if (command === undefined) {
    if (!shape.has(['command']))
      shape.report(['command'], 'the job has no `command`', 'Write what to run: `command: python train.py`.', 'key');
    return '';
  }
  if (command.trim() === '')
    shape.report(['command'], '`command` is empty', 'Write what to run: `command: python train.py`.');
  if (command.includes('\0')) shape.report(['command'], '`command` holds a NUL character');
  for (const { message, hint } of checkPlaceholders(command, names)) shape.report(['command'], message, hint);
  return command;
}
