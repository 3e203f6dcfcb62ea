import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hashFile, withFsErrors } from '../io/index.ts';
import { type SnapshotEntry, snapshotDigest } from './snapshot.ts';

export interface OutputFacts {
  /** A file's SHA-256; a folder's tree digest. */
  digest: string;
  size: number;
  files: number;
  entries: SnapshotEntry[];
}

/** What a file or folder holds, nothing left out. */
export async function measureOutput(path: string): Promise<OutputFacts> {
  return await withFsErrors(`read \`${path}\``, async () => {
    const stats = await lstat(path);
    if (!stats.isDirectory()) {
      const { sha256, size } = await hashFile(path);
      return {
        digest: sha256,
        size,
        files: 1,
        entries: [
          { path: basename(path), type: 'file' as const, executable: (stats.mode & 0o111) !== 0, size, digest: sha256 },
        ],
      };
    }
    const entries: SnapshotEntry[] = [];
    await visit(path, '', entries);
    entries.sort((a, b) => (a.path < b.path ? -1 : 1));
    return {
      digest: snapshotDigest(entries),
      size: entries.reduce((sum, entry) => sum + entry.size, 0),
      files: entries.length,
      entries,
    };
  });
}

async function visit(root: string, folder: string, entries: SnapshotEntry[]): Promise<void> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) await visit(root, path, entries);
    else if (entry.isSymbolicLink())
      entries.push({
        path,
        type: 'link',
        executable: false,
        size: 0,
        digest: '',
        target: await readlink(join(root, path)),
      });
    else if (entry.isFile()) {
      const { sha256, size } = await hashFile(join(root, path));
      const { mode } = await lstat(join(root, path));
      entries.push({ path, type: 'file', executable: (mode & 0o111) !== 0, size, digest: sha256 });
    }
  }
}
