import { createHash } from 'node:crypto';
import { AppError } from '../../errors/index.ts';
import type { BlobStream } from '../image.ts';
import { openTar } from '../layers/open-tar.ts';
import { createTarScan, type TarMember } from '../tar/read-tar.ts';
import { searchFacts } from './content-facts.ts';
import { cleanPath, type TreeChange } from './file-tree.ts';

/** What a layer does to what is below it. */
export interface ReadLayer {
  changes: TreeChange[];
  removed: string[];
  opaque: string[];
}

/** Which layer it is. */
export interface LayerName {
  /** Its digest, for messages. */
  label: string;
  diffId: string;
}

/** More paths than any image has. */
const mostPaths = 5_000_000;

/** Reads a layer to its end. @throws AppError INVALID_IMAGE, HOSTILE_ARCHIVE, and what the stream throws. */
export async function readLayer(blob: BlobStream, { label, diffId }: LayerName): Promise<ReadLayer> {
  const read: ReadLayer = { changes: [], removed: [], opaque: [] };
  const scan = createTarScan({ member: (member) => take(read, member, label) }, label);
  const hash = createHash(diffId.split(':')[0] ?? 'sha256');
  for await (const chunk of openTar(blob, { label })) {
    hash.update(chunk);
    scan.push(chunk);
  }
  scan.finish();
  if (hash.digest('hex') !== diffId.split(':')[1])
    throw new AppError('INVALID_IMAGE', `the layer \`${label}\` does not have the diffID that the image says`, {
      hint: 'Take another base image, or ask those who publish it.',
    });
  return read;
}

function take(
  { changes, removed, opaque }: ReadLayer,
  { path: raw, kind, mode, uid, gid, target }: TarMember,
  label: string,
): { write(chunk: Uint8Array): void; end(): void } | undefined {
  const path = cleanPath(raw, label);
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  if (name.startsWith('.wh.')) {
    const folder = path.slice(0, Math.max(0, slash));
    if (name === '.wh..wh..opq') opaque.push(folder);
    // Other names of this kind are a file system's own affair (AUFS).
    else if (!name.startsWith('.wh..wh.')) removed.push(folder === '' ? name.slice(4) : `${folder}/${name.slice(4)}`);
    return undefined;
  }
  if (changes.length >= mostPaths)
    throw new AppError('HOSTILE_ARCHIVE', `\`${label}\` is refused: it has more than ${mostPaths} paths`, {
      hint: 'Take another base image.',
    });
  const change: TreeChange = { path, kind, mode, uid, gid, target };
  changes.push(change);
  const search = kind === 'file' ? searchFacts(path) : undefined;
  if (search === undefined) return undefined;
  return {
    write: search.write,
    end: () => {
      change.fact = search.found();
    },
  };
}
