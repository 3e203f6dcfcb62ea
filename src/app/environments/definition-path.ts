import { extname, resolve } from 'node:path';
import { statIfExists } from '../../io/index.ts';
import type { App } from '../app.ts';

/** True if a word on the command line names a file and not an environment of the workspace. */
export async function isDefinitionPath(app: Pick<App, 'cwd' | 'remote'>, word: string): Promise<boolean> {
  if (app.remote === true) return false;
  if (/^(?:azureml:|registries\/|\/subscriptions\/)/.test(word)) return false;
  const looksLikePath =
    /^(?:file:|\.{1,2}(?:\/|$)|\/|~\/)/.test(word) ||
    ['.yml', '.yaml', '.txt', '.in', '.json', '.toml', '.lock'].includes(extname(word));
  if (looksLikePath) return true;
  return (
    (word.includes('/') || /^(?:Dockerfile|Containerfile)/.test(word)) &&
    (await statIfExists(resolve(app.cwd, word))) !== undefined
  );
}
