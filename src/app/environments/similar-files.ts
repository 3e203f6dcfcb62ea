import { basename, dirname } from 'node:path';
import { nearest } from '../../documents/index.ts';
import { listFolder } from '../../io/index.ts';

/** The hint for a definition or a job that is not there: what is. */
export async function similarFiles(path: string): Promise<string> {
  const [folder, name] = [dirname(path), basename(path)];
  const names = (await listFolder(folder))
    .filter((entry) => entry.isFile() && /\.(?:ya?ml|txt|json)$/.test(entry.name))
    .map((entry) => entry.name);
  if (names.length === 0) return 'Check the path.';
  const near = nearest(name, names);
  if (near !== undefined) return `Did you mean \`${near}\`?`;
  const shown = names.slice(0, 5).map((each) => `\`${each}\``);
  return `\`${folder}\` has ${shown.join(', ')}${names.length > 5 ? ', …' : ''}, not \`${name}\`.`;
}
