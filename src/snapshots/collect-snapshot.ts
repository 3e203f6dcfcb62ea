import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from '../errors/index.ts';
import { fsErrorToAppError, hashFile, isInside, pathExists } from '../io/index.ts';
import { readIgnoreRules } from './ignore-rules.ts';
import { type SnapshotEntry, snapshotDigest } from './snapshot.ts';

export interface CollectedSnapshot {
  digest: string;
  entries: SnapshotEntry[];
  files: number;
  size: number;
  /** Files that were left out because they hold secrets. */
  secrets: string[];
}

export interface CollectOptions {
  /** Bytes; more than that is an error. */
  maximumSize: number;
  maximumFiles: number;
  signal?: AbortSignal;
}

/** Text that a private key begins with. */
const privateKey = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;

/**
 * The files of a folder that belong to a run, with their digests.
 * @throws AppError FILE_NOT_FOUND, and USAGE for a folder that is too large, naming its largest files.
 */
export async function collectSnapshot(folder: string, options: CollectOptions): Promise<CollectedSnapshot> {
  const found = await listFiles(folder, options);
  const size = found.files.reduce((sum, file) => sum + file.size, 0);
  if (size > options.maximumSize) throw tooLarge(folder, found.files, size, options.maximumSize);
  const entries: SnapshotEntry[] = [];
  for (const file of found.files) {
    options.signal?.throwIfAborted();
    const { path, type, executable, target } = file;
    if (type === 'link') entries.push({ path, type, executable, size: 0, digest: '', target });
    else entries.push({ path, type, executable, size: file.size, digest: (await hashFile(join(folder, path))).sha256 });
  }
  return { digest: snapshotDigest(entries), entries, files: entries.length, size, secrets: found.secrets };
}

interface FoundFile {
  path: string;
  type: 'file' | 'link';
  executable: boolean;
  size: number;
  target?: string;
}

async function listFiles(
  root: string,
  { signal, maximumFiles }: CollectOptions,
): Promise<{ files: FoundFile[]; secrets: string[] }> {
  const rules = await readIgnoreRules(root);
  const files: FoundFile[] = [];
  const secrets: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    signal?.throwIfAborted();
    await rules.enter(folder);
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        const isVirtualEnvironment = await pathExists(join(root, path, 'pyvenv.cfg'));
        if (!rules.skipsFolder(path) && !isVirtualEnvironment) await visit(path);
        continue;
      }
      if ((!entry.isFile() && !entry.isSymbolicLink()) || rules.ignoresFile(path) || path.endsWith('.pyc')) continue;
      if (rules.isSecret(path) || (await holdsPrivateKey(join(root, path), entry.isFile()))) secrets.push(path);
      else files.push(...(await describe(root, path)));
      if (files.length > maximumFiles) throw tooMany(root, maximumFiles);
    }
  };
  try {
    await visit('');
  } catch (error) {
    throw fsErrorToAppError(error, `read the code in \`${root}\``);
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, secrets: secrets.sort() };
}

/** A link that stays inside is kept as a link; one that leaves is followed to its file, or left out if there is none. */
async function describe(root: string, path: string): Promise<FoundFile[]> {
  const absolute = join(root, path);
  const stats = await lstat(absolute);
  if (!stats.isSymbolicLink())
    return [{ path, type: 'file', executable: (stats.mode & 0o111) !== 0, size: stats.size }];
  const target = await readlink(absolute);
  const inside = !target.startsWith('/') && isInside(root, resolve(join(absolute, '..'), target));
  return inside ? [{ path, type: 'link', executable: false, size: 0, target }] : [];
}

/** Keys have many names; their first line does not. */
async function holdsPrivateKey(path: string, isFile: boolean): Promise<boolean> {
  if (!isFile || !/(?:\.pem|\.crt|\.cer|\.txt|key[^/]*|_rsa|_ed25519)$/i.test(path)) return false;
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    return privateKey.test(buffer.subarray(0, bytesRead).toString('latin1'));
  } finally {
    await file.close();
  }
}

function tooMany(folder: string, maximum: number): AppError {
  return new AppError('USAGE', `the code in \`${folder}\` has more than ${maximum} files`, {
    hint: 'Name what is no code in `.amlignore` or `.gitignore`, and pass data as an input.',
  });
}

function tooLarge(folder: string, files: readonly FoundFile[], size: number, maximum: number): AppError {
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const largest = [...files]
    .sort((a, b) => b.size - a.size)
    .slice(0, 5)
    .map((file) => `\`${file.path}\` (${megabytes(file.size)})`);
  return new AppError(
    'USAGE',
    `the code in \`${folder}\` is ${megabytes(size)} in ${files.length} files; a snapshot may have ${megabytes(maximum)}`,
    {
      hint: `The largest are ${largest.join(', ')}. Name what is no code in \`.amlignore\` or \`.gitignore\`, and pass data as an input.`,
    },
  );
}
