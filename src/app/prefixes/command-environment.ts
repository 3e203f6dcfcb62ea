import { activateConda, type CleanEnvironment, cleanEnvironment } from '../../targets/index.ts';
import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { sharedVariables } from './shared-variables.ts';
import type { ReadyEnvironment } from './use-environment.ts';

interface CommandParts {
  cwd: string;
  jobVariables?: Readonly<Record<string, string>>;
  runVariables: Readonly<Record<string, string>>;
}

/** The variables of a command in an environment that is ready; a conda prefix is activated, its packages' scripts included. */
export async function commandEnvironment(
  app: App,
  { definition, name }: EnvironmentVersion,
  ready: ReadyEnvironment,
  { cwd, jobVariables, runVariables }: CommandParts,
): Promise<CleanEnvironment> {
  const callerEnv = app.remote === true ? sharedVariables(app.env) : app.env;
  const parts = { callerEnv, binFolder: ready.bin, jobVariables, runVariables };
  const variables = condaFileVariables(definition);
  const { prefix } = ready;
  if (!ready.isConda || prefix === undefined) {
    const definitionVariables = { VIRTUAL_ENV: prefix, ...variables, ...definition.environmentVariables };
    return cleanEnvironment({ ...parts, definitionVariables });
  }
  const onOutput = (text: string): void => {
    for (const line of text.trimEnd().split('\n')) app.emit({ type: 'output', source: 'activation', text: line });
  };
  return await activateConda(
    prefix,
    { ...parts, definitionVariables: definition.environmentVariables },
    { name, variables, cwd, signal: app.signal, onOutput },
  );
}

/** A conda file's own `variables:`. */
export function condaFileVariables({ layer }: EnvironmentVersion['definition']): Record<string, string> {
  return layer?.kind === 'conda' ? (layer.variables ?? {}) : {};
}
