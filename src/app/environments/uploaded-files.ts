import { posix } from 'node:path';
import type { FileAccess, TreeEntry } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import type { UploadedFiles } from '../../schema/index.ts';
import type { SnapshotEntry } from '../../snapshots/index.ts';
import type { BlobStore } from '../../workspace/index.ts';

type UploadedFile = UploadedFiles[string];

/** An uploaded file whose content is in the workspace. */
interface KeptFile {
  path: string;
  digest: string;
  size: number;
  executable: boolean;
}

/**
 * Files that somebody sent, by name: as text, or by the digest of content that was uploaded before.
 * @throws AppError CONTENT_NOT_FOUND with every digest that is missing; USAGE for a path that is none.
 */
export async function keepUploads(
  blobs: BlobStore,
  files: UploadedFiles,
): Promise<{ kept: Map<string, KeptFile>; links: Map<string, string> }> {
  const kept = new Map<string, KeptFile>();
  const links = new Map<string, string>();
  const missing: string[] = [];
  for (const [path, file] of Object.entries(files)) {
    checkPath(path);
    if ('link' in file) links.set(path, file.link);
    else {
      const content = await keep(blobs, file);
      if (content === undefined) missing.push('digest' in file ? file.digest : path);
      else kept.set(path, { path, executable: file.executable ?? false, ...content });
    }
  }
  if (missing.length === 0) return { kept, links };
  throw new AppError('CONTENT_NOT_FOUND', `${missing.length} of the files were not uploaded yet`, {
    hint: 'Upload each: `PUT /api/v1/blobs/{digest}`.',
    details: { missing: [...new Set(missing)].slice(0, 1000) },
  });
}

async function keep(
  blobs: BlobStore,
  file: Exclude<UploadedFile, { link: string }>,
): Promise<{ digest: string; size: number } | undefined> {
  if ('text' in file) return await blobs.put(file.text);
  const size = await blobs.size(file.digest);
  return size === undefined ? undefined : { digest: file.digest, size };
}

/** Normal, as the definition's reader asks for it; `..` may only lead the way. */
function checkPath(path: string): void {
  const isNormal = posix.normalize(path) === path && path !== '.' && path !== '..' && !path.endsWith('/');
  if (isNormal && !path.includes('\\') && !path.includes('\0')) return;
  throw new AppError('USAGE', `\`${path}\` is no path of a file`, {
    hint: 'Paths are relative to the definition, with `/`, without `.` and without `..` in the middle.',
  });
}

/** The files as they stood around the definition on the machine that they came from. */
export async function accessUploads(blobs: BlobStore, files: UploadedFiles): Promise<FileAccess> {
  const { kept, links } = await keepUploads(blobs, files);
  const paths = [...kept.keys(), ...links.keys()].sort();
  const inside = (folder: string): string[] =>
    folder === '.'
      ? paths.filter((path) => !path.startsWith('../') && !path.startsWith('/'))
      : paths.filter((path) => path.startsWith(`${folder}/`));
  return {
    readBytes: async (path) => {
      const file = kept.get(path);
      return file === undefined ? undefined : await blobs.read(file.digest);
    },
    kind: (path) => {
      if (kept.has(path)) return Promise.resolve('file');
      return Promise.resolve(inside(path).length > 0 ? 'folder' : undefined);
    },
    listTree: (folder, skip = () => false) => {
      const start = folder === '.' ? 0 : folder.length + 1;
      const names = inside(folder).map((path) => path.slice(start));
      const shown = names.filter((name) => !foldersOf(name).some((each) => skip(each)));
      return Promise.resolve(shown.map((name) => entryOf(name, folder === '.' ? name : `${folder}/${name}`)));
    },
  };

  function entryOf(name: string, path: string): TreeEntry {
    const file = kept.get(path);
    if (file !== undefined)
      return {
        path: name,
        type: 'file',
        executable: file.executable,
        size: file.size,
        digest: () => Promise.resolve(file.digest),
      };
    const target = links.get(path);
    return { path: name, type: 'link', executable: false, size: 0, target, digest: () => Promise.resolve('') };
  }
}

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** The same files as a snapshot of code. */
export async function uploadedSnapshot(blobs: BlobStore, files: UploadedFiles): Promise<SnapshotEntry[]> {
  const { kept, links } = await keepUploads(blobs, files);
  return [
    ...[...kept.values()].map((file): SnapshotEntry => ({ type: 'file', ...file })),
    ...[...links].map(([path, target]): SnapshotEntry => ({ type: 'link', path, target })),
  ];
}
