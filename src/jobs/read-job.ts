import { isAbsolute, resolve } from 'node:path';
import { createShapeReader, parseYaml, type ShapeReader, type SourceDocument, throwProblems } from '../documents/index.ts';
import { AppError } from '../errors/index.ts';
import type { CommandJob, JobInput, JobOutput, JobVariable } from '../schema/index.ts';
import { reportUnsupported } from './unsupported-keys.ts';

const keys = [
  '$schema', 'type', 'name', 'display_name', 'experiment_name', 'description', 'tags', 'command', 'code', 'environment', 'environment_variables',
  'inputs', 'outputs', 'compute', 'limits', 'resources', 'distribution', 'services', 'identity', 'queue_settings', 'properties', 'parent_job_name',
];
const pathTypes = ['uri_file', 'uri_folder', 'mltable', 'mlflow_model', 'custom_model', 'triton_model'] as const;
const literalTypes = ['string', 'number', 'integer', 'boolean'] as const;
const modes = ['ro_mount', 'rw_mount', 'download', 'direct', 'eval_mount', 'eval_download', 'upload'] as const;

/** Paths in the job are relative to `folder`, the absolute folder of its file. */
export interface JobPlace {
  folder: string;
}

/**
 * Reads a command job.
 * @throws AppError INVALID_JOB with every problem in `details.problems`; UNSUPPORTED_KEY if all that is wrong is what a local run cannot do.
 */
export function readJob(source: SourceDocument, place: JobPlace): CommandJob {
  const document = parseYaml(source, 'INVALID_JOB');
  const reader = createShapeReader(document);
  refuseOtherKinds(reader, source);
  reader.map([], keys, 'a command job');
  const command = reader.text(['command']);
  if (command === undefined || command.trim() === '') reader.report([], 'the job has no `command`', 'Write what to run: `command: python train.py`.');
  const job: CommandJob = {
    name: reader.text(['name']),
    displayName: reader.text(['display_name']),
    experimentName: reader.text(['experiment_name']),
    description: reader.text(['description']),
    tags: reader.textMap(['tags']) ?? {},
    command: command ?? '',
    code: readCode(reader, place),
    environment: readEnvironment(reader, source),
    environmentVariables: readVariables(reader),
    inputs: readInputs(reader, place),
    outputs: readOutputs(reader, place),
    compute: readCompute(reader),
    timeout: readTimeout(reader),
  };
  const mistakes = reader.problems.length;
  reportUnsupported(reader);
  if (reader.problems.length > 0) throwProblems(mistakes > 0 ? 'INVALID_JOB' : 'UNSUPPORTED_KEY', reader.problems);
  return job;
}

function refuseOtherKinds(reader: ShapeReader, source: SourceDocument): void {
  const type = reader.text(['type']);
  const looksLike = type ?? (reader.has(['jobs']) ? 'pipeline' : reader.has(['trial']) ? 'sweep' : reader.has(['entry']) ? 'spark' : undefined);
  if (looksLike !== undefined && looksLike !== 'command') {
    throw new AppError('UNSUPPORTED_FORMAT', `\`${source.path}\` is a ${looksLike} job, and only command jobs can be run`, { hint: 'Run its steps one by one as command jobs.' });
  }
  const isEnvironment = !reader.has(['command']) && ['conda_file', 'requirements', 'dependencies', 'image', 'build'].some((key) => reader.has([key]));
  if (isEnvironment) {
    throw new AppError('UNSUPPORTED_FORMAT', `\`${source.path}\` is an environment, not a job`, { hint: `Run a script in it: \`terroir run --env ${source.path} -- python train.py\`.` });
  }
}

function readCode(reader: ShapeReader, { folder }: JobPlace): string | undefined {
  const code = reader.text(['code']);
  if (code === undefined) return undefined;
  if (/^[a-z][a-z0-9+.-]*:/i.test(code)) {
    reader.report(['code'], `\`${code}\` is not on this machine`, 'Name a folder next to the job file.');
    return undefined;
  }
  return resolve(folder, code);
}

function readEnvironment(reader: ShapeReader, source: SourceDocument): CommandJob['environment'] {
  const path = ['environment'];
  const value = reader.value(path);
  if (typeof value === 'object' && value !== null) return { kind: 'inline', source: JSON.stringify(value) };
  const reference = reader.text(path)?.trim();
  if (reference === undefined || reference === '') {
    reader.report([], 'the job has no `environment`', 'Name one (`environment: azureml:iris@latest`, or a file `environment: file:./environment.yml`), or write it in place.');
    return { kind: 'reference', reference: source.path };
  }
  return { kind: 'reference', reference };
}

function readVariables(reader: ShapeReader): Record<string, JobVariable> {
  const variables: Record<string, JobVariable> = {};
  for (const [name, value] of Object.entries(reader.textMap(['environment_variables']) ?? {})) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) reader.report(['environment_variables', name], `\`${name}\` is no name of a variable`, undefined, 'key');
    const secret = /^secret:([A-Za-z_][A-Za-z0-9_]*)$/.exec(value)?.[1];
    variables[name] = secret === undefined ? { kind: 'literal', value } : { kind: 'secret', variable: secret };
  }
  return variables;
}

function readInputs(reader: ShapeReader, place: JobPlace): Record<string, JobInput> {
  const inputs: Record<string, JobInput> = {};
  const value = reader.value(['inputs']);
  if (value === undefined || value === null) return inputs;
  if (typeof value !== 'object' || Array.isArray(value)) {
    reader.report(['inputs'], '`inputs` must be a map from names to values');
    return inputs;
  }
  for (const name of Object.keys(value)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) reader.report(['inputs', name], `\`${name}\` is no name of an input`, 'Letters, digits and `_`, beginning with a letter.', 'key');
    const input = readInput(reader, name, place);
    if (input !== undefined) inputs[name] = input;
  }
  return inputs;
}

function readInput(reader: ShapeReader, name: string, place: JobPlace): JobInput | undefined {
  const path = ['inputs', name];
  const value = reader.value(path);
  if (typeof value !== 'object' || value === null) {
    if (value === null) return { kind: 'literal', value: '' };
    // A number stays as it was written: 0.10 is not 0.1.
    return { kind: 'literal', value: typeof value === 'boolean' ? value : (reader.text(path) ?? '') };
  }
  if (!reader.map(path, ['type', 'path', 'mode', 'value', 'default', 'optional', 'min', 'max', 'enum', 'description'], `the input \`${name}\``)) return undefined;
  const type = reader.oneOf([...path, 'type'], [...pathTypes, ...literalTypes]) ?? (reader.has([...path, 'path']) ? 'uri_folder' : 'string');
  if ((literalTypes as readonly string[]).includes(type)) return readLiteral(reader, path, type);
  const given = reader.text([...path, 'path']);
  const mode = reader.oneOf([...path, 'mode'], modes);
  if (given === undefined) {
    reader.report(path, `the input \`${name}\` has no \`path\``, 'Name a file or folder of this machine.');
    return undefined;
  }
  if (/^(?:azureml:|https?:|wasbs?:|abfss?:|s3:|gs:)/i.test(given)) {
    reader.report([...path, 'path'], `\`${given}\` is not on this machine`, 'Download it first, and name the file or folder.');
    return undefined;
  }
  const local = given.replace(/^file:(?:\/\/(?=\/))?/, '');
  return { kind: 'path', type: type as (typeof pathTypes)[number], path: isAbsolute(local) ? local : resolve(place.folder, local), mode: mode === 'upload' ? undefined : mode };
}

function readLiteral(reader: ShapeReader, path: readonly string[], type: string): JobInput {
  const key = reader.has([...path, 'value']) ? 'value' : 'default';
  const text = reader.text([...path, key]);
  if (text === undefined) return { kind: 'literal', value: '' };
  const isNumber = type === 'number' || type === 'integer';
  if (isNumber && (text.trim() === '' || !Number.isFinite(Number(text)) || (type === 'integer' && !Number.isInteger(Number(text))))) {
    reader.report([...path, key], `\`${text}\` is no ${type}`);
  }
  if (isNumber) {
    const [min, max] = [reader.text([...path, 'min']), reader.text([...path, 'max'])];
    if ((min !== undefined && Number(text) < Number(min)) || (max !== undefined && Number(text) > Number(max))) reader.report([...path, key], `\`${text}\` is not between ${min ?? '−∞'} and ${max ?? '∞'}`);
  }
  const allowed = reader.textList([...path, 'enum']);
  if (allowed !== undefined && !allowed.includes(text)) reader.report([...path, key], `\`${text}\` is not allowed`, `Allowed: ${allowed.map((word) => `\`${word}\``).join(', ')}.`);
  return { kind: 'literal', value: type === 'boolean' ? text.toLowerCase() === 'true' : text };
}

function readOutputs(reader: ShapeReader, { folder }: JobPlace): Record<string, JobOutput> {
  const outputs: Record<string, JobOutput> = {};
  const value = reader.value(['outputs']);
  if (value === undefined || value === null) return outputs;
  if (typeof value !== 'object' || Array.isArray(value)) {
    reader.report(['outputs'], '`outputs` must be a map from names to outputs', 'Write `outputs: {model: {type: uri_folder}}`.');
    return outputs;
  }
  for (const name of Object.keys(value)) {
    const path = ['outputs', name];
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) reader.report(path, `\`${name}\` is no name of an output`, 'Letters, digits and `_`, beginning with a letter.', 'key');
    reader.map(path, ['type', 'path', 'mode', 'description'], `the output \`${name}\``);
    const given = reader.text([...path, 'path']);
    if (given !== undefined && /^[a-z][a-z0-9+.-]*:/i.test(given)) reader.report([...path, 'path'], `\`${given}\` is not on this machine`, 'Name a folder, or leave it out: then it stays with the run.');
    reader.oneOf([...path, 'mode'], modes);
    outputs[name] = { type: reader.oneOf([...path, 'type'], pathTypes) ?? 'uri_folder', path: given === undefined ? undefined : resolve(folder, given) };
  }
  return outputs;
}

function readCompute(reader: ShapeReader): string {
  const compute = reader.text(['compute'])?.replace(/^azureml:/, '') ?? 'local';
  if (compute !== 'local') reader.report(['compute'], `there is no compute target \`${compute}\``, 'Jobs run on `compute: local`; `--target local` overrides the file.');
  return 'local';
}

function readTimeout(reader: ShapeReader): number | undefined {
  if (!reader.map(['limits'], ['timeout'], '`limits`')) return undefined;
  const text = reader.text(['limits', 'timeout']);
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (seconds > 0) return seconds;
  reader.report(['limits', 'timeout'], `\`${text}\` is no number of seconds`);
  return undefined;
}
