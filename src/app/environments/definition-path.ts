import { extname, resolve } from 'node:path';
import { statIfExists } from '../../io/index.ts';
import type { App } from '../app.ts';

/** `file:env.yml` is `env.yml`. */
export function bareDefinitionPath(word: string): string {
  return word.replace(/^file:(?:\/\/(?=\/))?/, '');
}

/** Of files that are read, and of those that people take for definitions: reading them says what they are. */
const endings = new Set(
  ['yml', 'yaml', 'txt', 'in', 'pip', 'json', 'toml', 'lock', 'py', 'ipynb', 'cfg', 'j2'].map((each) => `.${each}`),
);

/** True if a word on the command line names a file and not an environment of the workspace. */
export async function isDefinitionPath(app: Pick<App, 'cwd' | 'remote'>, word: string): Promise<boolean> {
  if (app.remote === true) return false;
  if (/^(?:azureml:|registries\/|\/subscriptions\/)/.test(word)) return false;
  const looksLikePath = /^(?:file:|\.{1,2}(?:\/|$)|\/|~\/)/.test(word) || endings.has(extname(word));
  if (looksLikePath) return true;
  return (
    (word.includes('/') || /^(?:Dockerfile|Containerfile|Pipfile)/.test(word)) &&
    (await statIfExists(resolve(app.cwd, word))) !== undefined
  );
}
