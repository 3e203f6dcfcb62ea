import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { createLayerBuilder, type LayerBuilder, type MadeLayer } from '../../src/image/index.ts';
import { planPrefix } from '../../src/plan/index.ts';
import { createStore, type Store } from '../../src/store/index.ts';
import { type Installed, lockOf } from './install.ts';

/** The Python of a base image. */
export const basePython = { minor: '3.11', version: '3.11.2', home: '/usr/bin', executable: '/usr/bin/python3.11' };

export interface Workshop {
  store: Store;
  builder: LayerBuilder;
  /** Puts archives into the store as they are. */
  bring(wheels: readonly Installed[]): Promise<void>;
  build(wheels: readonly Installed[]): Promise<MadeLayer[]>;
  /** A layer's compressed bytes. */
  bytes(layer: MadeLayer): Promise<Buffer>;
}

/** A store below `root` in which layers are made. */
export function createWorkshop(root: string, { threads = 1 } = {}): Workshop {
  const store = createStore({ root, threads: 1 });
  const builder = createLayerBuilder({ store, threads });
  const bring = async (wheels: readonly Installed[]): Promise<void> => {
    for (const { sha256, filename, bytes } of wheels)
      await store.ensureArchive({ sha256, filename, size: bytes.length }, async (file) => await writeFile(file, bytes));
  };
  return {
    store,
    builder,
    bring,
    build: async (wheels) => {
      await bring(wheels);
      const lock = lockOf(wheels, basePython);
      return await builder.build({
        lock,
        settle: (known) => ({
          plan: planPrefix({ lock, wheels: known, python: basePython, prefix: '/opt/terroir/env' }),
          folder: 'opt/terroir/env',
          extra: [],
        }),
        expected: 'opt/terroir/env/lib/python3.11/site-packages',
        baseLayers: 1,
      });
    },
    bytes: async ({ digest }) => await readFile(builder.cache.blobPath(digest)),
  };
}

/** What is in a layer, by its path. */
export async function readLayer(bytes: Buffer): Promise<Map<string, Header & { content: Buffer }>> {
  const found = new Map<string, Header & { content: Buffer }>();
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => chunks.push(chunk as Buffer));
    stream.on('end', () => {
      if (found.has(header.name)) throw new Error(`${header.name} is there twice`);
      found.set(header.name, { ...header, content: Buffer.concat(chunks) });
      next();
    });
  });
  const ended = new Promise<void>((resolve, reject) => {
    reader.on('finish', () => resolve()).on('error', reject);
  });
  reader.end(gunzipSync(bytes));
  await ended;
  return found;
}

/** Paths of all files below a folder, relative to it. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
