import { throwProblems, type YamlDocument } from '../documents/index.ts';
import { otherJobTypes } from './unsupported.ts';

/** Files that somebody may take for a job. One clear sentence is better than ten about keys. */
export function refuseOtherFiles(document: YamlDocument): void {
  const value = document.value as Record<string, unknown> | null;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const type =
    typeof value.type === 'string' ? value.type : /\/(\w+?)Job\.schema\.json/.exec(String(value.$schema))?.[1];
  const other = otherJobTypes.find((name) => name === type || name.replace('_', '') === type?.toLowerCase());
  if (other !== undefined) {
    throwProblems('UNSUPPORTED_KEY', [
      {
        position: document.locate([value.type === undefined ? '$schema' : 'type']),
        message: `this is a ${other} job; Terroir runs command jobs`,
        hint: 'Write each of its steps as a job of its own, with `command` and `environment`.',
      },
    ]);
  }
  const isEnvironment = ['image', 'build', 'conda_file', 'requirements', 'dependencies', 'docker_steps'].some((key) =>
    Object.hasOwn(value, key),
  );
  if (isEnvironment && !Object.hasOwn(value, 'command')) {
    throwProblems('INVALID_JOB', [
      {
        position: document.locate([]),
        message: 'this is an environment file, not a job',
        hint: `Run a command in it: \`terroir run --env ${document.source.path} -- python script.py\`.`,
      },
    ]);
  }
}
