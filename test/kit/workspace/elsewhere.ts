import { readFile } from 'node:fs/promises';
import type { ExternalContents } from '../../../src/workspace/index.ts';

/** A place for large contents that is no folder: `there` has them, by what they are called. */
export function createElsewhere(there: Map<string, Buffer>): ExternalContents {
  return {
    name: 'elsewhere',
    claim: async (database) => await Promise.resolve(database),
    push: async (path, { digest }) => {
      const place = `${digest}-${there.size}`;
      there.set(place, await readFile(path));
      return place;
    },
    pull: async function* ({ digest }) {
      const place = [...there.keys()].find((each) => each.startsWith(digest)) ?? '';
      yield await Promise.resolve(there.get(place) ?? Buffer.alloc(0));
    },
    remove: async (place) => {
      there.delete(place);
      await Promise.resolve();
    },
  };
}
