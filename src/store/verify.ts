import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileFacts, linkTarget, listFolder } from '../io/index.ts';
import { compareFile } from './compare-file.ts';
import { readCondaIndex } from './conda/conda-index.ts';
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

/** What is damaged in an unpacked wheel or conda package. */
export async function verifyUnpacked(
  folder: string,
  sha256: string,
  count: () => void = () => undefined,
): Promise<Damage[]> {
  const checks = checksOf(folder, sha256);
  if (checks === undefined) return [{ path: folder, reason: 'its index is missing or damaged' }];
  const damaged: Damage[] = [];
  for (const [index, { path, compare }] of checks.entries()) {
    count();
    const reason = compare(path);
    if (reason !== undefined) damaged.push({ path, reason });
    if (index % stride === 0) await setImmediate();
  }
  return damaged;
}

interface Check {
  path: string;
  /** What is wrong with it. */
  compare(path: string): string | undefined;
}

/** What there should be; undefined if nothing says it. */
function checksOf(folder: string, sha256: string): Check[] | undefined {
  const wheel = readWheelIndex(folder);
  if (wheel?.sha256 === sha256)
    return fileChecks(wheel.folder, [...readRecordLines(wheel.record.toString('utf8')), ...wheel.spread]);
  const conda = readCondaIndex(folder);
  if (conda?.sha256 !== sha256) return undefined;
  return [
    ...fileChecks(conda.infoFolder, conda.infoFiles),
    ...fileChecks(
      conda.folder,
      conda.files.filter(({ type }) => type === 'file'),
    ),
    ...conda.files.flatMap(({ path, type, target }): Check[] => {
      if (type === 'file') return [];
      const compare = (at: string): string | undefined => compareEntry(at, type === 'link' ? target : undefined);
      return [{ path: join(conda.folder, path), compare }];
    }),
  ];
}

function fileChecks(folder: string, files: readonly { path: string; sha256: string }[]): Check[] {
  return files.map(({ path, sha256 }) => ({ path: join(folder, path), compare: (at) => compareFile(at, sha256) }));
}

/** Of a link with this target; without one, of a folder. */
function compareEntry(path: string, target: string | undefined): string | undefined {
  const kind = fileFacts(path)?.kind;
  if (kind === undefined) return 'it is missing';
  if (kind !== (target === undefined ? 'folder' : 'link'))
    return `it is no ${target === undefined ? 'folder' : 'link'} any more`;
  return target === undefined || linkTarget(path) === target ? undefined : 'it was changed';
}

async function* shelves(folder: string): AsyncGenerator<{ path: string; name: string }> {
  for (const shelf of await listFolder(folder)) {
    for (const entry of await listFolder(join(folder, shelf.name)))
      yield { path: join(folder, shelf.name, entry.name), name: entry.name };
  }
}
