import { join } from 'node:path';
import { hashFile, listFolder, readTextIfExists, removeTree, statIfExists } from '../io/index.ts';
import { UnpackedWheel } from './unpacked-wheel.ts';

interface VerifyOptions {
  repair: boolean;
  signal?: AbortSignal;
  onProgress?: (checked: number) => void;
}

interface Damage {
  path: string;
  reason: string;
}

/** Reads every archive and every unpacked file and compares it with its digest. */
export async function verifyStore(
  root: string,
  options: VerifyOptions,
): Promise<{ checked: number; damaged: Damage[] }> {
  const damaged: Damage[] = [];
  let checked = 0;
  const count = (files: number): void => {
    checked += files;
    options.signal?.throwIfAborted();
    options.onProgress?.(checked);
  };
  for await (const { path, name } of shelves(join(root, 'archives'))) {
    count(1);
    if ((await hashFile(path)).sha256 === name) continue;
    damaged.push({ path, reason: 'its content is not what its name says' });
    if (options.repair) await removeTree(path);
  }
  for await (const { path } of shelves(join(root, 'unpacked'))) {
    const found = await verifyUnpacked(path, count);
    damaged.push(...found);
    if (found.length > 0 && options.repair) await removeTree(path);
  }
  return { checked, damaged };
}

/** What is damaged in an unpacked wheel. */
export async function verifyUnpacked(
  folder: string,
  count: (files: number) => void = () => undefined,
): Promise<Damage[]> {
  const index = UnpackedWheel.safeParse(parse(await readTextIfExists(join(folder, 'index.json'))));
  if (!index.success) return [{ path: folder, reason: 'its index is missing or damaged' }];
  const damaged: Damage[] = [];
  for (const file of index.data.files) {
    count(1);
    const path = join(folder, 'files', file.path);
    if ((await statIfExists(path)) === undefined) damaged.push({ path, reason: 'it is missing' });
    else if ((await hashFile(path)).sha256 !== file.sha256) damaged.push({ path, reason: 'it was changed' });
  }
  return damaged;
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

async function* shelves(folder: string): AsyncGenerator<{ path: string; name: string }> {
  for (const shelf of await listFolder(folder)) {
    for (const entry of await listFolder(join(folder, shelf.name)))
      yield { path: join(folder, shelf.name, entry.name), name: entry.name };
  }
}
