import type { EnvironmentVersion } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { isDefinitionPath } from './definition-path.ts';
import { findNamed } from './find-named.ts';

/** What a word on the command line means: a registered version, or a file, which is registered now (under its name if it has one). */
export async function findOrRegister(app: App, word: string): Promise<EnvironmentVersion> {
  if (!(await isDefinitionPath(app, word))) return await findNamed(app, word);
  // Reading definitions is half of what there is to load; a registered name needs none of it.
  const [{ readSource }, { registerSource }] = await Promise.all([import('./read-source.ts'), import('./register.ts')]);
  return await registerSource(app, await readSource(app, { kind: 'path', path: word }));
}
