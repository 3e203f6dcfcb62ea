/**
 * Where a run happens. `local`, this machine; `docker`, a container of the image.
 *
 * Invariants: a run starts from a clean environment whose every variable is accounted for; it has a process group of its own, of which nothing
 * outlives the run, nor us; no secret is recorded.
 */
export {
  type ActivationOptions,
  activateConda,
  activationScript,
  condaVariables,
  deactivateConda,
  quoteWord,
} from './conda/index.ts';
export { runInContainer } from './docker/index.ts';
export { type CleanEnvironment, cleanEnvironment, type EnvironmentParts } from './environment.ts';
export { findExecutable } from './find-executable.ts';
export { findSecrets, findSecretsInWords, isSecretOf } from './find-secrets.ts';
export {
  endProcessGroup,
  findShell,
  type LocalRunRequest,
  type LocalRunResult,
  runAttached,
  runLocally,
  type StartedProcess,
} from './local/index.ts';
export { probeInterpreter } from './probe-interpreter.ts';
export { recordVariables, secretHash } from './record-variables.ts';
export { type RunFacts, runVariables } from './run-variables.ts';
