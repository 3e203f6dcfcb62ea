import { basename, join } from 'node:path';
import { AppError } from '../errors/index.ts';
import { pathExists, removeTree, writeAtomically } from '../io/index.ts';
import { cleanEnvironment, runAttached, runLocally } from '../targets/index.ts';
import type { EnvironmentVersion } from '../workspace/index.ts';
import type { App } from './app.ts';
import { findOrRegister } from './find-or-register.ts';
import { homeJupyterFolder } from './jupyter-folder.ts';
import type { OnOutput } from './run-plan.ts';
import { prepareEnvironment, type ReadyEnvironment } from './use-environment.ts';

/** Runs a command in an environment, in the current folder, without a record. */
export async function execInEnvironment(
  app: App,
  reference: string,
  words: readonly string[],
  onOutput: OnOutput,
): Promise<{ exitCode: number }> {
  const version = await findOrRegister(app, reference);
  const ready = await prepareEnvironment(app, version);
  const { env } = environmentOf(app, version, ready);
  return await runLocally({ executed: words, cwd: app.cwd, env, signal: app.signal, onOutput, stdin: 'inherit' });
}

/** Opens the user's shell in an environment. */
export async function openShell(app: App, reference: string): Promise<{ exitCode: number }> {
  const version = await findOrRegister(app, reference);
  const ready = await prepareEnvironment(app, version);
  const shell = app.env.SHELL || '/bin/sh';
  const label = `${version.name}:${version.version}`;
  const { env } = environmentOf(app, version, ready);
  app.emit({ type: 'note', level: 'info', message: `${label} is first on PATH; \`exit\` leaves it` });
  return await runAttached({ executed: shellWords(shell, ready.bin), cwd: app.cwd, env });
}

/** The variables of a command without a record. */
function environmentOf(
  app: App,
  version: EnvironmentVersion,
  ready: ReadyEnvironment,
): { env: Record<string, string> } {
  return cleanEnvironment({
    callerEnv: app.env,
    binFolder: ready.bin,
    definitionVariables: version.definition.environmentVariables,
    runVariables: { TERROIR_ENVIRONMENT: `${version.name}:${version.version}`, VIRTUAL_ENV: ready.prefix },
  });
}

/** bash's start-up file may put other folders in front of ours; this puts ours back after it. */
function shellWords(shell: string, bin: string): string[] {
  if (basename(shell) !== 'bash') return [shell];
  const start = `exec "$0" --rcfile <(cat ~/.bashrc 2>/dev/null; echo 'PATH="${bin}:$PATH"') -i`;
  return [shell, '-c', start, shell];
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
  const ready = await prepareEnvironment(app, version);
  const hasKernel = ready.lock === undefined || ready.lock.lock.packages.some((pkg) => pkg.name === 'ipykernel');
  if (!hasKernel) {
    throw new AppError(
      'COMMAND_NOT_FOUND',
      `${version.name}:${version.version} has no \`ipykernel\`, so Jupyter cannot start it`,
      {
        hint: `Make one that has it: \`terroir env clone ${version.name} ${version.name}-notebook --add ipykernel\`.`,
      },
    );
  }
  const variables = Object.fromEntries(Object.entries(version.definition.environmentVariables));
  const specification = {
    argv: [ready.interpreter.path, '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    display_name: options.displayName ?? `terroir ${version.name}:${version.version}`,
    language: 'python',
    env: { ...variables, PYTHONNOUSERSITE: '1', PATH: `${ready.bin}:\${PATH}` },
    metadata: {
      debugger: true,
      terroir: { environment: `${version.name}:${version.version}`, lock: ready.lock?.lock.digest },
    },
  };
  await writeAtomically(join(folder, 'kernel.json'), `${JSON.stringify(specification, undefined, 2)}\n`);
  return { name, folder, removed: false };
}
