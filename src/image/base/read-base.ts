import { createHash } from 'node:crypto';
import { AppError } from '../../errors/index.ts';
import type { Image, Layer } from '../image.ts';
import { openTar } from '../layers/open-tar.ts';
import { createTarScan, type TarMember } from '../tar/read-tar.ts';
import { type BaseFacts, baseFacts } from './base-facts.ts';
import { searchFacts } from './content-facts.ts';
import { applyLayer, cleanPath, createRoot, type TreeChange, type TreeNode } from './file-tree.ts';

/** A base image as far as it matters for what is built on it. */
export interface Base {
  /** Of its manifest. */
  digest: string;
  root: TreeNode;
  facts: BaseFacts;
}

export interface ReadBaseOptions {
  signal?: AbortSignal;
  /** So many bytes of a layer, as it is stored, have come. */
  onBytes?: (size: number) => void;
}

/** More paths than any image has. */
const mostPaths = 5_000_000;
/** Layers that are read at the same time. */
const atOnce = 3;

/**
 * Reads an image's layers once, as they come, for its tree; nothing of their content is kept. Every layer is held against its digest and diffID.
 * @throws AppError INVALID_IMAGE, HOSTILE_ARCHIVE, DIGEST_MISMATCH, and what the source throws.
 */
export async function readBase(image: Image, options: ReadBaseOptions = {}): Promise<Base> {
  const { layers } = image;
  const read: ReadLayer[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < layers.length) {
      const index = next;
      next += 1;
      try {
        read[index] = await readLayer(layers[index] as Layer, options);
      } catch (error) {
        // The others need not begin.
        next = layers.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, layers.length) }, work));
  const root = createRoot();
  for (const layer of read) applyLayer(root, layer);
  const env = image.value.config.config?.Env ?? [];
  return { digest: image.manifest.descriptor.digest, root, facts: baseFacts(root, env) };
}

interface ReadLayer {
  changes: TreeChange[];
  removed: string[];
  opaque: string[];
}

async function readLayer(layer: Layer, { signal, onBytes }: ReadBaseOptions): Promise<ReadLayer> {
  const label = layer.descriptor.digest;
  const read: ReadLayer = { changes: [], removed: [], opaque: [] };
  const scan = createTarScan({ member: (member) => take(read, member, label) }, label);
  const hash = createHash(layer.diffId.split(':')[0] ?? 'sha256');
  for await (const chunk of openTar(layer.open({ signal }), { label, onRead: onBytes })) {
    signal?.throwIfAborted();
    hash.update(chunk);
    scan.push(chunk);
  }
  scan.finish();
  if (hash.digest('hex') !== layer.diffId.split(':')[1])
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
