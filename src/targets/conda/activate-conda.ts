import { join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { listFolder, runProcess } from '../../io/index.ts';
import { type CleanEnvironment, cleanEnvironment, type EnvironmentParts } from '../environment.ts';
import { findShell } from '../local/index.ts';
import { condaVariables } from './conda-variables.ts';

export interface ActivationOptions {
  /** Of the environment, for prompts. */
  name: string;
  /** A conda file's `variables:`. */
  variables: Readonly<Record<string, string>>;
  cwd: string;
  signal?: AbortSignal;
  /** Gets what the scripts print. */
  onOutput?: (text: string) => void;
}

/** Milliseconds for all scripts of a prefix. */
const patience = 120_000;
/** What a shell sets for itself. */
const ofTheShell = ['_', 'SHLVL', 'PWD', 'OLDPWD', 'BASHPID'];

/**
 * The environment of a command in a conda prefix. Variables of definition, job and run win over what the scripts set.
 * @throws AppError ACTIVATION_FAILED if a script ends the shell, TIMEOUT, CANCELED, INVALID_PACKAGE.
 */
export async function activateConda(
  prefix: string,
  parts: EnvironmentParts,
  options: ActivationOptions,
): Promise<CleanEnvironment> {
  const { definitionVariables, jobVariables, runVariables } = parts;
  const conda = await condaVariables(prefix, { name: options.name, own: options.variables });
  const clean = cleanEnvironment({ ...parts, definitionVariables: { ...conda, ...definitionVariables } });
  const given = { ...definitionVariables, ...jobVariables, ...runVariables };
  for (const [name, value] of Object.entries(conda))
    if (value === undefined && given[name] === undefined) delete clean.env[name];
  const scripts = await scriptsIn(join(prefix, 'etc', 'conda', 'activate.d'));
  if (scripts.length === 0) return clean;
  const env = await sourceScripts(scripts, clean.env, options);
  for (const name of ofTheShell) {
    const before = clean.env[name];
    if (before === undefined) delete env[name];
    else env[name] = before;
  }
  for (const name of Object.keys(given)) if (name !== 'PATH') env[name] = clean.env[name] ?? '';
  return { env, removed: clean.removed };
}

/** What conda does when a prefix is left: the scripts in `etc/conda/deactivate.d`, the last first. `env` is that of what ran in it. */
export async function deactivateConda(
  prefix: string,
  env: Readonly<Record<string, string>>,
  options: Omit<ActivationOptions, 'name' | 'variables'>,
): Promise<void> {
  const scripts = await scriptsIn(join(prefix, 'etc', 'conda', 'deactivate.d'));
  if (scripts.length > 0) await sourceScripts(scripts.reverse(), env, options);
}

/** Lines for a shell that source what packages want sourced on activation; undefined if that is nothing. */
export async function activationScript(prefix: string): Promise<string | undefined> {
  const scripts = await scriptsIn(join(prefix, 'etc', 'conda', 'activate.d'));
  return scripts.length === 0 ? undefined : scripts.map((path) => `. ${quoteWord(path)} >&2\n`).join('');
}

async function scriptsIn(folder: string): Promise<string[]> {
  const names = (await listFolder(folder)).map(({ name }) => name);
  return names
    .filter((name) => name.endsWith('.sh'))
    .sort()
    .map((name) => join(folder, name));
}

/** Sources scripts one after the other, as conda does: what fails in one of them does not end it. Answers the variables that are set in the end. */
async function sourceScripts(
  scripts: readonly string[],
  env: Readonly<Record<string, string>>,
  { cwd, signal, onOutput }: Omit<ActivationOptions, 'name' | 'variables'>,
): Promise<Record<string, string>> {
  const shell = await findShell({ env, cwd });
  const lines = ['exec 3>&1 1>&2', ...scripts.map((path) => `. ${quoteWord(path)}`), 'exec /usr/bin/env -0 >&3'];
  const { exitCode, stdout, stderr } = await runProcess(shell, ['-c', lines.join('\n')], {
    cwd,
    env,
    signal,
    timeout: patience,
  });
  if (stderr !== '') onOutput?.(stderr);
  const found = readEnvironment(stdout);
  if (exitCode === 0 && found.PATH !== undefined) return found;
  throw new AppError(
    'ACTIVATION_FAILED',
    `a script in \`${scripts[0]?.slice(0, scripts[0].lastIndexOf('/'))}\` ended the shell that ran it (exit code ${exitCode})`,
    { hint: lastLine(stderr) ?? `Run them by hand to see why: \`${shell} -x ${scripts[0]}\`.` },
  );
}

function readEnvironment(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\0')
      .filter((each) => each.indexOf('=') > 0)
      .map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
  );
}

function lastLine(text: string): string | undefined {
  const last = text.trimEnd().split('\n').at(-1);
  return last === undefined || last === '' ? undefined : `Its last line was: ${last}`;
}

export function quoteWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
