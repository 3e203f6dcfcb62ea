import { listFolder, readTextIfExists, removeFile, writeAtomically } from '../../io/index.ts';
import { compareTags, isDigest } from '../names.ts';
import { type Layout, tagOfFile } from './layout.ts';

/** Names that move: each points to one manifest of its repository. */
export interface Tags {
  get: (repository: string, tag: string) => Promise<string | undefined>;
  set: (repository: string, tag: string, digest: string) => Promise<void>;
  /** In the specification's order: case does not count. */
  list: (repository: string) => Promise<string[]>;
  /** False if it was not there. */
  remove: (repository: string, tag: string) => Promise<boolean>;
  /** Every tag on one manifest. */
  removeAll: (repository: string, digest: string) => Promise<void>;
}

export function createTags(layout: Layout): Tags {
  const get: Tags['get'] = async (repository, tag) => {
    const text = await readTextIfExists(layout.tag(repository, tag));
    if (text === undefined) return undefined;
    const { digest } = JSON.parse(text) as { digest?: unknown };
    return typeof digest === 'string' && isDigest(digest) ? digest : undefined;
  };
  const list: Tags['list'] = async (repository) => {
    const files = await listFolder(layout.tags(repository));
    return files.flatMap(({ name }) => tagOfFile(name) ?? []).sort(compareTags);
  };
  return {
    get,
    list,
    set: async (repository, tag, digest) => {
      await writeAtomically(layout.tag(repository, tag), JSON.stringify({ digest }), { durable: true });
    },
    remove: async (repository, tag) => await removeFile(layout.tag(repository, tag)),
    removeAll: async (repository, digest) => {
      for (const tag of await list(repository)) {
        if ((await get(repository, tag)) === digest) await removeFile(layout.tag(repository, tag));
      }
    },
  };
}
