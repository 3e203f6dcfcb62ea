import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import {
  digestOfFile,
  ensureFolder,
  listFolder,
  readTextIfExists,
  removeTree,
  renameOver,
  statIfExists,
  touchFile,
  withFsErrors,
  writeAtomically,
} from '../../io/index.ts';
import { discard, readWheelIndex, type UnpackedWheel } from '../../store/index.ts';
import type { LayerFacts } from './layer-writer.ts';

export interface LayerGcOptions {
  /** What was used within so many days stays. */
  olderThanDays: number;
  dryRun?: boolean;
}

/** Layers that were made on this machine, and what is known of wheels that were never unpacked. */
export interface LayerCache {
  /** The layer of a recipe, if its bytes are there. It counts as used now. */
  find(key: string): Promise<LayerFacts | undefined>;
  /** Takes a layer in by moving its file. */
  keep(key: string, facts: LayerFacts, file: string): Promise<void>;
  blobPath(digest: string): string;
  /** A layer's bytes, held against their digest. @throws AppError CORRUPT_STORE at the end if they are others; they are dropped then. */
  open(facts: LayerFacts): AsyncIterable<Uint8Array>;
  /** The file of a layer, if it is right: one that was not made just now is read once. */
  soundFile(facts: LayerFacts): Promise<string | undefined>;
  findWheel(sha256: string): UnpackedWheel | undefined;
  keepWheel(sha256: string, folder: string): Promise<void>;
  bytecodePath(key: string): string;
  /** Takes bytecode in by moving its folder. */
  keepBytecode(key: string, folder: string): Promise<void>;
  /** A folder of one's own, to be removed. */
  temporary(): Promise<string>;
  /** Nobody may build meanwhile. */
  gc(options: LayerGcOptions): Promise<{ removed: { count: number; bytes: number } }>;
}

const day = 86_400_000;

type Kind = 'blobs' | 'made' | 'wheels' | 'bytecode';

export function createLayerCache(root: string): LayerCache {
  const shelf = (kind: Kind, name: string): string => join(root, 'layers', kind, name.slice(0, 2), name);
  const blobPath = (digest: string): string => shelf('blobs', digest);
  /** What was made or read whole by this process. */
  const sound = new Set<string>();
  return {
    blobPath,
    find: async (key) => {
      const text = await readTextIfExists(shelf('made', key));
      const facts = text === undefined ? undefined : readFacts(text);
      if (facts === undefined) return undefined;
      const blob = blobPath(facts.digest);
      if ((await statIfExists(blob))?.size !== facts.size) return undefined;
      await Promise.all([touchFile(shelf('made', key)), touchFile(blob)]);
      return facts;
    },
    keep: async (key, facts, file) => {
      const blob = blobPath(facts.digest);
      await withFsErrors(`keep \`${blob}\``, async () => {
        await mkdir(dirname(blob), { recursive: true });
        await rename(file, blob);
      });
      await writeAtomically(shelf('made', key), factsText(facts));
      sound.add(facts.digest);
    },
    soundFile: async ({ digest }) => {
      const path = blobPath(digest);
      if (!sound.has(digest) && (await digestOfFile(path, 'sha256')) !== digest) return undefined;
      sound.add(digest);
      return path;
    },
    open: async function* ({ digest, size }) {
      const hash = createHash('sha256');
      const path = blobPath(digest);
      let seen = 0;
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
        hash.update(chunk);
        seen += chunk.length;
        yield chunk;
      }
      if (seen === size && hash.digest('hex') === digest) return;
      await discard(root, path);
      throw new AppError('CORRUPT_STORE', `the layer \`${path}\` was damaged on this machine`, {
        hint: 'It was dropped; run the command again to make it again.',
      });
    },
    findWheel: (sha256) => {
      const wheel = readWheelIndex(shelf('wheels', sha256));
      return wheel?.sha256 === sha256 ? wheel : undefined;
    },
    keepWheel: async (sha256, folder) => {
      if (!(await renameOver(folder, shelf('wheels', sha256)))) await removeTree(folder);
    },
    bytecodePath: (key) => shelf('bytecode', key),
    keepBytecode: async (key, folder) => {
      if (!(await renameOver(folder, shelf('bytecode', key)))) await removeTree(folder);
    },
    temporary: async () => {
      const folder = join(root, 'tmp', `layer-${randomBytes(8).toString('hex')}`);
      await ensureFolder(folder);
      return folder;
    },
    gc: async ({ olderThanDays, dryRun = false }) => {
      const removed = { count: 0, bytes: 0 };
      const limit = Date.now() - olderThanDays * day;
      for (const kind of ['made', 'blobs', 'wheels', 'bytecode'] as const) {
        for (const { name: letters } of await listFolder(join(root, 'layers', kind))) {
          for (const { name } of await listFolder(join(root, 'layers', kind, letters))) {
            const path = shelf(kind, name);
            const used = await statIfExists(kind === 'wheels' || kind === 'bytecode' ? join(path, 'index') : path);
            if (used !== undefined && used.mtimeMs > limit) continue;
            if (kind === 'blobs') removed.count += 1;
            removed.bytes += used?.size ?? 0;
            if (!dryRun) await discard(root, path);
          }
        }
      }
      return { removed };
    },
  };
}

function factsText({ digest, diffId, size }: LayerFacts): string {
  return `${digest} ${diffId} ${size}\n`;
}

function readFacts(text: string): LayerFacts | undefined {
  const match = /^([0-9a-f]{64}) ([0-9a-f]{64}) (\d+)\n$/.exec(text);
  return match === null ? undefined : { digest: match[1] ?? '', diffId: match[2] ?? '', size: Number(match[3]) };
}
