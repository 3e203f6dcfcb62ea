import { join } from 'node:path';
import { openLogFile, readFilePart, writeAtomically } from '../io/index.ts';
import type { LogName, LogStore } from './logs.ts';

/** Logs as files in the workspace's folder. */
export function createFileLogs(folder: string): LogStore {
  const pathOf = ({ kind, id }: LogName): string =>
    kind === 'run' ? join(folder, 'runs', id, 'logs', 'output.log') : join(folder, 'builds', `${id}.ndjson`);
  return {
    open: async (name, { fresh = false } = {}) => {
      if (fresh) await writeAtomically(pathOf(name), '');
      return await openLogFile(pathOf(name));
    },
    read: async (name, part) => await readFilePart(pathOf(name), part),
  };
}
