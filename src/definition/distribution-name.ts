import { posix } from 'node:path';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { normaliseName } from '../requirements/index.ts';
import type { FileAccess } from './file-access.ts';
import { decodeText } from './read-state.ts';

const Named = z.object({ name: z.string() });
/** What of `pyproject.toml` names the project: PEP 621, and Poetry's table before it. */
const Pyproject = z.object({
  project: Named.optional().catch(undefined),
  tool: z
    .object({ poetry: Named.optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

/** The files that may name a project, in the order in which setuptools believes them. */
const readers: readonly (readonly [file: string, read: (text: string) => string | undefined])[] = [
  ['pyproject.toml', nameInPyproject],
  ['setup.cfg', nameInSetupCfg],
  ['setup.py', nameInSetupPy],
];

/** The normalised name that a project's own files give it; undefined where only running them would tell. */
export async function nameOfProject(files: FileAccess, folder: string): Promise<string | undefined> {
  for (const [file, read] of readers) {
    const bytes = await files.readBytes(posix.join(folder, file));
    const text = bytes === undefined ? undefined : decodeText(bytes);
    const name = text === undefined ? undefined : read(text);
    if (name !== undefined && /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name)) return normaliseName(name);
  }
  return undefined;
}

/** The normalised name in the file name of a source archive: `grape-press-1.0.tar.gz`. */
export function nameOfSdist(path: string): string | undefined {
  const name = /^([A-Za-z0-9][A-Za-z0-9._-]*?)-v?\d[^-]*\.(?:tar\.gz|tgz|zip|tar\.bz2|tar\.xz|tar)$/.exec(
    posix.basename(path),
  )?.[1];
  return name === undefined ? undefined : normaliseName(name);
}

function nameInPyproject(text: string): string | undefined {
  try {
    const { project, tool } = Pyproject.parse(parse(text));
    return project?.name ?? tool?.poetry?.name;
  } catch {
    // Its build will say what is wrong with it.
    return undefined;
  }
}

function nameInSetupCfg(text: string): string | undefined {
  const metadata = /^\[metadata\][^\n]*\n((?:(?!\[).*(?:\n|$))*)/m.exec(text.replaceAll('\r\n', '\n'))?.[1];
  return /^name[ \t]*[=:][ \t]*(\S+)[ \t]*$/m.exec(metadata ?? '')?.[1];
}

/** Of a literal only: nothing is run. */
function nameInSetupPy(text: string): string | undefined {
  const call = /\bsetup\s*\(([\s\S]*)/.exec(text.replaceAll(/^\s*#.*$/gm, ''))?.[1];
  return /\bname\s*=\s*(["'])([^"'\n]+)\1/.exec(call ?? '')?.[2];
}
