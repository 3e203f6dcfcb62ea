import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { hashFile, readTextIfExists } from '../io/index.ts';

export interface Damage {
  path: string;
  reason: string;
}

const Manifest = z.array(z.tuple([z.string(), z.string(), z.string().nullable()]));

/** Compares a prefix with its manifest: every file and link, and nothing else but `__pycache__`. */
export async function verifyPrefix(
  folder: string,
  manifestPath: string,
): Promise<{ checked: number; damaged: Damage[] }> {
  const manifest = Manifest.safeParse(parse(await readTextIfExists(manifestPath)));
  if (!manifest.success)
    return { checked: 0, damaged: [{ path: folder, reason: 'its manifest is missing or damaged' }] };
  const damaged: Damage[] = [];
  const known = new Set<string>();
  for (const [path, digest, target] of manifest.data) {
    known.add(path);
    const reason = await compare(join(folder, path), digest, target);
    if (reason !== undefined) damaged.push({ path: join(folder, path), reason });
  }
  for (const path of await strangers(folder, known)) damaged.push({ path, reason: 'it does not belong here' });
  return { checked: manifest.data.length, damaged };
}

async function compare(path: string, digest: string, target: string | null): Promise<string | undefined> {
  try {
    const stats = await lstat(path);
    if (target !== null)
      return stats.isSymbolicLink() && (await readlink(path)) === target ? undefined : 'the link was changed';
    if (!stats.isFile()) return 'it is no file any more';
    return (await hashFile(path)).sha256 === digest ? undefined : 'it was changed';
  } catch {
    return 'it is missing';
  }
}

/** Files that nobody planned. Python puts its bytecode into `__pycache__`, and that is fine. */
async function strangers(folder: string, known: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  const visit = async (current: string): Promise<void> => {
    for (const entry of await readdir(current, { withFileTypes: true }).catch(() => [])) {
      const path = join(current, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== '__pycache__' && path !== join(folder, '.terroir')) await visit(path);
      } else if (!known.has(relative(folder, path))) found.push(path);
    }
  };
  await visit(folder);
  return found;
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
