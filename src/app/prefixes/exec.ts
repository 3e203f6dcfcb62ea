import { basename, join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { pathExists, removeTree, writeAtomically } from '../../io/index.ts';
import {
  activationScript,
  type CleanEnvironment,
  condaVariables,
  findShell,
  runAttached,
  runLocally,
} from '../../targets/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { findOrRegister } from '../environments/find-or-register.ts';
import type { OnOutput } from '../runs/run-plan.ts';
import { commandEnvironment, condaFileVariables } from './command-environment.ts';
import { homeJupyterFolder } from './jupyter-folder.ts';
import { prepareEnvironment, type ReadyEnvironment } from './use-environment.ts';

/** Runs a command in an environment, in the current folder, without a record. Without `onOutput` it has our terminal to itself. */
export async function execInEnvironment(
  app: App,
  reference: string,
  words: readonly string[],
  onOutput: OnOutput | undefined,
): Promise<{ exitCode: number }> {
  const version = await findOrRegister(app, reference);
  const { env } = await prepareForCommand(app, version);
  if (onOutput === undefined) return await runAttached({ executed: words, cwd: app.cwd, env });
  return await runLocally({ executed: words, cwd: app.cwd, env, signal: app.signal, onOutput, stdin: 'inherit' });
}

/** What a user should know is said once, when the prefix is made: commands without a record come often. */
async function prepare(app: App, version: EnvironmentVersion): Promise<ReadyEnvironment> {
  const ready = await prepareEnvironment(app, version);
  if (ready.outcome !== 'cached')
    for (const message of ready.notes) app.emit({ type: 'note', level: 'warning', message });
  return ready;
}

/** An environment, and the variables of a command in it that has no record. */
export async function prepareForCommand(
  app: App,
  version: EnvironmentVersion,
): Promise<{ ready: ReadyEnvironment } & Pick<CleanEnvironment, 'env'>> {
  const ready = await prepare(app, version);
  const { env } = await commandEnvironment(app, version, ready, {
    cwd: app.cwd,
    runVariables: { TERROIR_ENVIRONMENT: `${version.name}:${version.version}` },
  });
  return { ready, env };
}

export interface KernelView {
  name: string;
  folder: string;
  removed: boolean;
}

/** Writes or removes a Jupyter kernel that starts with the environment's lock. */
export async function installKernel(
  app: App,
  reference: string,
  options: { displayName?: string; folder?: string; remove?: boolean },
): Promise<KernelView> {
  const version = await findOrRegister(app, reference);
  const name = `terroir-${version.name}-${version.version}`.toLowerCase().replaceAll(/[^a-z0-9._-]/g, '-');
  const folder = join(options.folder ?? homeJupyterFolder(app), 'kernels', name);
  if (options.remove === true) {
    if (!(await pathExists(folder))) throw new AppError('FILE_NOT_FOUND', `there is no kernel in \`${folder}\``);
    await removeTree(folder);
    return { name, folder, removed: true };
  }
  const ready = await prepare(app, version);
  const { interpreter } = ready;
  const hasKernel = ready.lock === undefined || ready.lock.lock.packages.some((pkg) => pkg.name === 'ipykernel');
  if (!hasKernel || interpreter === undefined) {
    throw new AppError(
      'COMMAND_NOT_FOUND',
      `${version.name}:${version.version} has no \`ipykernel\`, so Jupyter cannot start it`,
      {
        hint: `Make one that has it: \`terroir env clone ${version.name} ${version.name}-notebook --add ipykernel\`.`,
      },
    );
  }
  const specification = {
    argv: [...(await activation(app, ready)), interpreter.path, '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    display_name: options.displayName ?? `terroir ${version.name}:${version.version}`,
    language: 'python',
    env: {
      ...(await kernelVariables(version, ready)),
      PYTHONNOUSERSITE: '1',
      PATH: `${ready.bin}:\${PATH}`,
    },
    metadata: {
      debugger: true,
      terroir: { environment: `${version.name}:${version.version}`, lock: ready.lock?.lock.digest },
    },
  };
  await writeAtomically(join(folder, 'kernel.json'), `${JSON.stringify(specification, undefined, 2)}\n`);
  return { name, folder, removed: false };
}

async function kernelVariables(
  { name, definition }: EnvironmentVersion,
  { prefix, isConda }: ReadyEnvironment,
): Promise<Record<string, string | undefined>> {
  const own = condaFileVariables(definition);
  const variables = isConda && prefix !== undefined ? await condaVariables(prefix, { name, own }) : own;
  return { ...variables, ...definition.environmentVariables };
}

/** Words in front of a kernel's: packages of a conda prefix may want scripts to be sourced first. */
async function activation(app: App, { prefix, isConda }: ReadyEnvironment): Promise<string[]> {
  const script = isConda && prefix !== undefined ? await activationScript(prefix) : undefined;
  if (script === undefined) return [];
  const shell = await findShell({ env: app.env, cwd: app.cwd });
  // bash takes a socket on its standard input for a remote login, and reads the user's start-up file.
  const options = basename(shell) === 'bash' ? ['--norc'] : [];
  return [shell, ...options, '-c', `${script}exec "$@"`, 'kernel'];
}
