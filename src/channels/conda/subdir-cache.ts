import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { listFolder, readTextIfExists, removeTree, writeAtomically } from '../../io/index.ts';
import { sha256 } from '../../schema/index.ts';

/** The forms in which a channel offers its records, the best one first: the order in which the solver's own client asks. */
export const variants = {
  shards: 'repodata_shards.msgpack.zst',
  zst: 'repodata.json.zst',
  bz2: 'repodata.json.bz2',
  json: 'repodata.json',
} as const;
export type Variant = keyof typeof variants;

/** What is known of a channel's folder, and when it was so. */
export const SubdirState = z.object({
  format: z.literal(1),
  url: z.string(),
  variant: z.enum(['shards', 'zst', 'bz2', 'json', 'absent']),
  /** Names the files with the content. */
  generation: z.string(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  /** Milliseconds since 1970. */
  checkedAt: z.number(),
  freshUntil: z.number(),
  /** When the better forms were last asked for. */
  variantsAt: z.number(),
});
export type SubdirState = z.infer<typeof SubdirState>;

/** The place of one channel's folder below `<store>/repodata`. */
export interface SubdirCache {
  /** For a lock between processes. */
  readonly key: string;
  read: () => Promise<SubdirState | undefined>;
  /** Makes the new state the one that counts, and drops the content of others. */
  write: (state: SubdirState) => Promise<void>;
  /** What is there cannot be used. */
  forget: () => Promise<void>;
  newGeneration: () => string;
  /** The content itself: records one behind the other, or the index of shards. */
  contentPath: (generation: string) => string;
  indexPath: (generation: string) => string;
  temporaryPath: () => string;
  /** Undefined if another process has replaced it meanwhile. */
  openContent: (generation: string) => Promise<FileHandle | undefined>;
}

/** `url` is that of the folder, without credentials. */
export function createSubdirCache(storeRoot: string, url: string): SubdirCache {
  const key = sha256(url).slice(0, 32);
  const folder = join(storeRoot, 'repodata', key);
  const statePath = join(folder, 'state.json');
  const contentPath = (generation: string): string => join(folder, `${generation}.content`);
  return {
    key,
    read: async () => {
      const text = await readTextIfExists(statePath);
      try {
        const state = text === undefined ? undefined : SubdirState.parse(JSON.parse(text));
        return state?.url === url ? state : undefined;
      } catch {
        // A note that cannot be read is like none.
        return undefined;
      }
    },
    write: async (state) => {
      await writeAtomically(statePath, `${JSON.stringify(state, undefined, 2)}\n`);
      for (const { name } of await listFolder(folder)) {
        if (name === 'state.json' || name.startsWith(`${state.generation}.`)) continue;
        await removeTree(join(folder, name));
      }
    },
    forget: async () => await removeTree(statePath),
    newGeneration: () => randomBytes(8).toString('hex'),
    contentPath,
    indexPath: (generation) => join(folder, `${generation}.index`),
    temporaryPath: () => join(storeRoot, 'tmp', `repodata-${randomBytes(8).toString('hex')}`),
    openContent: async (generation) => {
      try {
        return await open(contentPath(generation), 'r');
      } catch {
        return undefined;
      }
    },
  };
}
