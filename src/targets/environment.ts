import { delimiter } from 'node:path';

type Variables = Readonly<Record<string, string | undefined>>;

/** Where a run's variables come from. Later ones win over earlier ones. */
export interface EnvironmentParts {
  callerEnv: Variables;
  /** The folder that comes first on PATH: the prefix's `bin`, or the folder of a user-managed interpreter. */
  binFolder: string | undefined;
  definitionVariables?: Variables;
  jobVariables?: Variables;
  /** Facts of the run (`runVariables`). */
  runVariables?: Variables;
}

export interface CleanEnvironment {
  env: Record<string, string>;
  /** Names of the caller's variables that were taken away, sorted. */
  removed: string[];
}

/**
 * What would make the same environment behave differently for another caller: settings of Python and of the dynamic linker, other environments
 * that are active, start-up files and functions of shells, and facts of a run that we may be part of.
 */
const unwanted: readonly RegExp[] = [
  /^PYTHON/,
  /^__PYVENV_LAUNCHER__$/,
  /^VIRTUAL_ENV(?:_PROMPT)?$/,
  /^_?CONDA_/,
  /^_CE_(?:M|CONDA)$/,
  /^(?:LD_LIBRARY_PATH|DYLD_(?:FALLBACK_)?(?:LIBRARY|FRAMEWORK)_PATH)$/,
  /^(?:BASH_ENV|ENV|SHELLOPTS|BASHOPTS)$/,
  /^BASH_FUNC_/,
  /^AZUREML_|^AZURE_ML_(?:IN|OUT)PUT_/,
  /^TERROIR_(?:RUN_ID|ENVIRONMENT|OUTPUTS)$/,
];

const defaults: Readonly<Record<string, string>> = {
  // Packages of the user's home are no part of the environment.
  PYTHONNOUSERSITE: '1',
  // Otherwise a log shows nothing until some kilobytes have come together.
  PYTHONUNBUFFERED: '1',
};

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The complete environment of a run. */
export function cleanEnvironment(parts: EnvironmentParts): CleanEnvironment {
  const env: Record<string, string> = {};
  const removed: string[] = [];
  for (const [name, value] of Object.entries(parts.callerEnv)) {
    if (value === undefined) continue;
    if (unwanted.some((pattern) => pattern.test(name))) removed.push(name);
    else env[name] = value;
  }
  for (const variables of [defaults, parts.definitionVariables, parts.jobVariables, parts.runVariables]) {
    for (const [name, value] of Object.entries(variables ?? {})) if (value !== undefined) env[name] = value;
  }
  env.PATH = [parts.binFolder, env.PATH || systemPath].filter((part) => part !== undefined).join(delimiter);
  return { env, removed: removed.sort() };
}
