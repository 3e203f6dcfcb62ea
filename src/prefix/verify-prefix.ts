import { hash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import * as z from 'zod';
import { compareFile, readRecordLines } from '../store/index.ts';
import { type Manifest, readManifest } from './manifest.ts';

export interface Damage {
  path: string;
  reason: string;
}

const bytecode = /\/__pycache__\/[^/]+\.pyc$/;
/** Files between two breaths. */
const stride = 64;

/** Compares a prefix with its manifest: every file and link, and nothing else but `__pycache__`. `digest` is the manifest's. */
export async function verifyPrefix(
  folder: string,
  digest: string | undefined,
): Promise<{ checked: number; damaged: Damage[] }> {
  const manifest = readManifest(folder, digest);
  if (manifest === undefined)
    return { checked: 0, damaged: [{ path: folder, reason: 'its manifest is missing or damaged' }] };
  const damaged: Damage[] = [];
  const known = new Set<string>();
  const expected = [...expectedFiles(folder, manifest, damaged)];
  for (const [index, [path, sha256, target]] of expected.entries()) {
    known.add(path);
    const reason = target === null ? compareOwn(join(folder, path), sha256) : compareLink(join(folder, path), target);
    if (reason !== undefined) damaged.push({ path: join(folder, path), reason });
    if (index % stride === 0) await setImmediate();
  }
  // With a list that cannot be trusted nobody knows who is a stranger.
  const isKnown = !damaged.some(({ path }) => isList(relative(folder, path)));
  for (const path of isKnown ? await strangers(folder, known) : [])
    damaged.push({ path, reason: 'it does not belong here' });
  return { checked: expected.length, damaged };
}

type Expected = readonly [path: string, sha256: string, target: string | null];

function isList(path: string): boolean {
  return path.startsWith('.terroir') || /^conda-meta\/[^/]+\.json$/.test(path);
}

function* expectedFiles(
  folder: string,
  { trees, conda = [], entries }: Manifest,
  damaged: Damage[],
): Generator<Expected> {
  for (const { wheel, path, record, without } of trees) {
    const list = join(folder, '.terroir', 'records', wheel);
    const text = readOrUndefined(list);
    if (text === undefined || hash('sha256', text) !== record) {
      damaged.push({ path: list, reason: 'it was changed' });
      continue;
    }
    const left = new Set(without);
    for (const file of readRecordLines(text))
      if (!left.has(file.path)) yield [`${path}/${file.path}`, file.sha256, null];
  }
  const digests = new Map(entries.map(([path, sha256]) => [path, sha256]));
  for (const { record } of conda) {
    const text = readOrUndefined(join(folder, record));
    // What is wrong with the record itself shows when its entry is compared.
    if (text !== undefined && hash('sha256', text) === digests.get(record)) yield* plainFiles(text);
  }
  for (const [path, sha256, target] of entries) yield [path, sha256, target];
}

const CondaPaths = z.object({
  paths_data: z.object({
    paths: z.array(
      z.object({
        _path: z.string(),
        path_type: z.string(),
        sha256_in_prefix: z.string().optional(),
        prefix_placeholder: z.string().optional(),
      }),
    ),
  }),
});

/** The files of a package that have no entries of their own. */
function* plainFiles(text: string): Generator<Expected> {
  for (const path of CondaPaths.parse(JSON.parse(text)).paths_data.paths) {
    const { _path, path_type: type, sha256_in_prefix: sha256, prefix_placeholder: placeholder } = path;
    if (type === 'hardlink' && placeholder === undefined && sha256 !== undefined) yield [_path, sha256, null];
  }
}

/**
 * A link to a file with the right content would be no file of the prefix. Bytecode that is in no other place is Python's own: it writes anew what does
 * not fit its source, by a rename, so that the store's stays.
 */
function compareOwn(path: string, sha256: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink() === true) return 'it is no file any more';
  const reason = compareFile(path, sha256);
  return reason === 'it was changed' && stats?.nlink === 1 && bytecode.test(path) ? undefined : reason;
}

function compareLink(path: string, target: string): string | undefined {
  try {
    return readlinkSync(path) === target ? undefined : 'the link was changed';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is missing' : 'the link was changed';
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

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
