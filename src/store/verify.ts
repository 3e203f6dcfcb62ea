import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { listFolder } from '../io/index.ts';
import { compareFile } from './compare-file.ts';
import { discard } from './discard.ts';
import { readRecordLines } from './record-lines.ts';
import { readWheelIndex } from './unpacked-wheel.ts';

interface VerifyOptions {
  repair: boolean;
  signal?: AbortSignal;
  onProgress?: (checked: number) => void;
}

export interface Damage {
  path: string;
  reason: string;
}

/** Files between two breaths. */
const stride = 64;

/** Reads every archive and every unpacked file and compares it with its digest. */
export async function verifyStore(
  root: string,
  options: VerifyOptions,
): Promise<{ checked: number; damaged: Damage[] }> {
  const damaged: Damage[] = [];
  let checked = 0;
  const count = (): void => {
    checked += 1;
    options.signal?.throwIfAborted();
    options.onProgress?.(checked);
  };
  for await (const { path, name } of shelves(join(root, 'archives'))) {
    count();
    const reason = compareFile(path, name);
    await setImmediate();
    if (reason === undefined) continue;
    damaged.push({ path, reason });
    if (options.repair) await discard(root, path);
  }
  for await (const { path, name } of shelves(join(root, 'unpacked'))) {
    const found = await verifyUnpacked(path, name, count);
    damaged.push(...found);
    if (found.length > 0 && options.repair) await discard(root, path);
  }
  return { checked, damaged };
}

/** What is damaged in an unpacked wheel. */
export async function verifyUnpacked(
  folder: string,
  sha256: string,
  count: () => void = () => undefined,
): Promise<Damage[]> {
  const wheel = readWheelIndex(folder);
  if (wheel === undefined || wheel.sha256 !== sha256)
    return [{ path: folder, reason: 'its index is missing or damaged' }];
  const damaged: Damage[] = [];
  for (const [index, file] of [...readRecordLines(wheel.record.toString('utf8')), ...wheel.spread].entries()) {
    count();
    const path = join(wheel.folder, file.path);
    const reason = compareFile(path, file.sha256);
    if (reason !== undefined) damaged.push({ path, reason });
    if (index % stride === 0) await setImmediate();
  }
  return damaged;
}

async function* shelves(folder: string): AsyncGenerator<{ path: string; name: string }> {
  for (const shelf of await listFolder(folder)) {
    for (const entry of await listFolder(join(folder, shelf.name)))
      yield { path: join(folder, shelf.name, entry.name), name: entry.name };
  }
}
