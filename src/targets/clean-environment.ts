import { delimiter } from 'node:path';

type Variables = Record<string, string | undefined>;

/** Variables of the caller that would change what a script sees. */
const leaking =
  /^(?:PYTHONPATH|PYTHONHOME|PYTHONSTARTUP|PYTHONUSERBASE|PYTHONEXECUTABLE|VIRTUAL_ENV|VIRTUAL_ENV_PROMPT|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_.*|CONDA_.*|_CE_.*|MAMBA_.*|__PYVENV_LAUNCHER__|PIP_.*|UV_.*)$/;

export interface CleanEnvironment {
  env: Record<string, string>;
  /** Names of what was taken away, sorted. */
  removed: string[];
}

/** The variables that a run starts with: the caller's without what leaks, then the definition's, the job's, and the run's own. */
export function cleanEnvironment(parts: {
  caller: Variables;
  bin: string;
  prefix?: string;
  variables: Variables;
  run: Variables;
}): CleanEnvironment {
  const removed: string[] = [];
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(parts.caller)) {
    if (value === undefined) continue;
    if (leaking.test(name)) removed.push(name);
    else env[name] = value;
  }
  const path = [
    parts.bin,
    ...(env.PATH ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter).filter((folder) => folder !== parts.bin),
  ].join(delimiter);
  const own = {
    PATH: path,
    PYTHONNOUSERSITE: '1',
    PYTHONUNBUFFERED: '1',
    VIRTUAL_ENV: parts.prefix,
    AZUREML_CONDA_ENVIRONMENT_PATH: parts.prefix,
  };
  for (const [name, value] of Object.entries({ ...own, ...parts.variables, ...parts.run }))
    if (value !== undefined) env[name] = value;
  return { env, removed: removed.sort() };
}
