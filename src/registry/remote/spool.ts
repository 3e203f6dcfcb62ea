import { join } from 'node:path';
import { listFolder, removeFile, statIfExists } from '../../io/index.ts';
import { digestOf } from '../names.ts';

/**
 * Files on their way to a registry elsewhere: what it has to be told of them (size, digest) is known only at their end.
 *   <folder>/<hash of the repository>-<id>
 */
export interface Spool {
  path: (repository: string, id: string) => string;
  /** Removes what nobody went on with after `before` (milliseconds since 1970): whoever wrote it was killed. */
  sweep: (options: { before: number; dryRun?: boolean }) => Promise<{ count: number; bytes: number }>;
  measure: () => Promise<{ count: number; bytes: number }>;
}

export function createSpool(folder: string): Spool {
  async function* walk(): AsyncIterableIterator<{ path: string; size: number; mtimeMs: number }> {
    for (const { name } of await listFolder(folder)) {
      const path = join(folder, name);
      const stats = /^[0-9a-f]{16}-[0-9a-f-]{36}$/.test(name) ? await statIfExists(path) : undefined;
      if (stats !== undefined) yield { path, size: stats.size, mtimeMs: stats.mtimeMs };
    }
  }
  return {
    path: (repository, id) => join(folder, `${digestOf(Buffer.from(repository)).slice(7, 23)}-${id}`),
    sweep: async ({ before, dryRun }) => {
      const sum = { count: 0, bytes: 0 };
      for await (const { path, size, mtimeMs } of walk()) {
        if (mtimeMs > before || (dryRun !== true && !(await removeFile(path)))) continue;
        sum.count += 1;
        sum.bytes += size;
      }
      return sum;
    },
    measure: async () => {
      const sum = { count: 0, bytes: 0 };
      for await (const { size } of walk()) {
        sum.count += 1;
        sum.bytes += size;
      }
      return sum;
    },
  };
}
