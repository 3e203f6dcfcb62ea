import { dirname, relative, resolve } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { readBytes, statIfExists } from '../../io/index.ts';
import { readJob, unsupportedResources } from '../../jobs/index.ts';
import type { CommandJob, JobVariable } from '../../schema/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { decodeSource } from '../environments/decode-source.ts';
import { bareDefinitionPath, isDefinitionPath } from '../environments/definition-path.ts';
import { findOrRegister } from '../environments/find-or-register.ts';
import { readSource } from '../environments/read-source.ts';
import { registerAnonymous, registerSource } from '../environments/register.ts';
import { defaultTarget } from '../environments/runnable.ts';
import { similarFiles } from '../environments/similar-files.ts';
import { workerNames } from '../tasks/worker-names.ts';
import { codeFolder } from './code-folder.ts';
import { executeRun, type RunOutcome } from './execute-run.ts';
import type { RunInput } from './pack-run.ts';
import type { OnOutput, RunPlan, RunTarget } from './run-plan.ts';

interface SubmitOptions {
  target?: string;
  /** A number, or `all`; for containers. */
  gpus?: string;
  /** Which engine runs containers. */
  engine?: string;
  /** `secret:NAME` as a value takes it from the caller's environment. */
  variables: Record<string, string>;
  timeout?: number;
  displayName?: string;
  tags: Record<string, string>;
  onOutput: OnOutput;
}

/** Runs a job file. */
export async function submitJob(
  app: App,
  request: SubmitOptions & { file: string; environment?: string; inputs: Record<string, string> },
): Promise<RunOutcome> {
  const path = resolve(app.cwd, request.file);
  if ((await statIfExists(path))?.isFile() !== true)
    throw new AppError('FILE_NOT_FOUND', `the job file \`${request.file}\` does not exist`, {
      hint: await similarFiles(path),
    });
  const folder = dirname(path);
  const source = { path: request.file, text: decodeSource(await readBytes(path), request.file) };
  const { target: asked, environment, inputs } = request;
  const workers = await workerNames(app);
  const job = readJob(source, { folder, target: asked, workers, environment, inputs, cwd: app.cwd });
  if (job.compute !== undefined && workers.includes(job.compute))
    return await sendToWorker(app, request, { job: request.file, environment, inputs, target: job.compute });
  const version =
    request.environment === undefined
      ? await environmentOf(app, job, folder, request.file)
      : await findOrRegister(app, request.environment);
  const { target, notes } = placeOf(app, version, { ...request, target: job.compute, container: job.container });
  return await executeRun(app, {
    version,
    target,
    displayName: request.displayName ?? job.displayName ?? job.name,
    experimentName: job.experimentName,
    description: job.description,
    tags: { ...job.tags, ...request.tags },
    command: job.command,
    code: job.code === undefined ? { kind: 'none' } : { kind: 'copy', folder: await codeFolder(job.code) },
    inputs: job.inputs,
    optionalInputs: job.optionalInputs ?? [],
    outputs: job.outputs,
    variables: { ...job.environmentVariables, ...readVariables(request.variables) },
    timeout: request.timeout ?? job.timeout,
    notes: [...notes, ...(job.notes ?? [])],
    onOutput: request.onOutput,
  });
}

/** Runs words in an environment, in the current folder. */
export async function submitCommand(
  app: App,
  request: SubmitOptions & { environment: string; command: readonly string[] },
): Promise<RunOutcome> {
  const target = request.target?.replace(/^azureml:/, '');
  if (target !== undefined && (await workerNames(app)).includes(target))
    return await sendToWorker(app, request, {
      environment: request.environment,
      command: request.command,
      code: '.',
      target,
    });
  const version = await findOrRegister(app, request.environment);
  const plan: RunPlan = {
    version,
    ...placeOf(app, version, request),
    displayName: request.displayName,
    tags: request.tags,
    command: request.command,
    code: { kind: 'in-place', folder: app.cwd },
    inputs: {},
    optionalInputs: [],
    outputs: {},
    variables: readVariables(request.variables),
    timeout: request.timeout,
    onOutput: request.onOutput,
  };
  return await executeRun(app, plan);
}

async function sendToWorker(
  app: App,
  { gpus, engine, onOutput, variables, timeout, displayName, tags }: SubmitOptions,
  input: RunInput,
): Promise<RunOutcome> {
  if (gpus !== undefined || engine !== undefined)
    throw new AppError('USAGE', `${gpus === undefined ? '--engine' : '--gpus'} cannot be sent to a worker`);
  const { runOnWorker } = await import('./run-on-worker.ts');
  return await runOnWorker(app, { ...input, variables, timeout, displayName, tags }, onOutput);
}

async function environmentOf(app: App, job: CommandJob, folder: string, file: string): Promise<EnvironmentVersion> {
  const { environment } = job;
  if (environment.kind === 'inline')
    return await registerAnonymous(
      app,
      await readSource(app, { kind: 'inline', text: environment.source, folder, path: file }),
    );
  const { reference } = environment;
  if (!(await isDefinitionPath({ ...app, cwd: folder }, reference))) return await findOrRegister(app, reference);
  const path = relative(app.cwd, resolve(folder, bareDefinitionPath(reference)));
  return await registerSource(app, await readSource(app, { kind: 'path', path }));
}

/** @throws AppError USAGE for a name that no environment takes. */
export function readVariables(given: Readonly<Record<string, string>>): Record<string, JobVariable> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]): [string, JobVariable] => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
        throw new AppError('USAGE', `\`${name}\` is no name of a variable`, {
          hint: 'Letters, digits and `_` may stand in it, no digit at the beginning.',
        });
      const secret = /^secret:([A-Za-z_][A-Za-z0-9_]*)$/.exec(value)?.[1];
      return [name, secret === undefined ? { kind: 'literal', value } : { kind: 'secret', variable: secret }];
    }),
  );
}

/** Decides where the run happens, and says what a local run leaves out. @throws AppError USAGE, UNSUPPORTED_KEY. */
export function placeOf(
  app: App,
  version: EnvironmentVersion,
  {
    target,
    gpus,
    engine,
    container,
  }: Pick<SubmitOptions, 'target' | 'gpus' | 'engine'> & Pick<CommandJob, 'container'>,
): { target: RunTarget; notes: string[] } {
  const chosen = target?.replace(/^azureml:/, '') ?? defaultTarget(version);
  if (chosen === 'docker') {
    const { shmSize, dockerArgs: args = [] } = container ?? {};
    return { target: { kind: 'docker', engine, gpus, shmSize, args }, notes: [] };
  }
  if (chosen !== 'local')
    throw new AppError('USAGE', `there is no target \`${chosen}\``, {
      hint: 'The targets are `local`, `docker` and the workers that `terroir compute list` shows.',
    });
  if (gpus !== undefined || engine !== undefined)
    throw new AppError('USAGE', `${gpus === undefined ? '--engine' : '--gpus'} is for containers`, {
      hint: 'A local run sees the machine’s GPUs anyway; with `--target docker` a container gets them.',
    });
  refuseWithoutContainer(container);
  const notes = notesOf(app, version);
  return { target: { kind: 'local' }, notes };
}

/** @throws AppError UNSUPPORTED_KEY for what only a container has. */
function refuseWithoutContainer({ shmSize, dockerArgs }: NonNullable<CommandJob['container']> = {}): void {
  const key = shmSize !== undefined ? 'shm_size' : dockerArgs !== undefined ? 'docker_args' : undefined;
  if (key === undefined) return;
  const { reason, hint } = unsupportedResources[key];
  throw new AppError('UNSUPPORTED_KEY', `\`resources.${key}\` is not supported: ${reason}`, { hint });
}

function notesOf(app: App, { definition }: EnvironmentVersion): string[] {
  const left =
    definition.image !== undefined
      ? `the base image \`${definition.image}\``
      : definition.build !== undefined
        ? 'the image of the build context'
        : undefined;
  if (left === undefined) return [];
  const note = `${left} is not part of a local run`;
  app.emit({ type: 'note', level: 'info', message: note });
  return [note];
}
