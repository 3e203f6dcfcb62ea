import type { LogName, LogStore } from '../../workspace/index.ts';

/** Writes an object as a line. */
export type RecordLine = (line: object) => void;

/**
 * Does work that reports in a log, one JSON a line; when it ends, all of it stands there. A log that cannot be written is no reason to end the
 * work.
 */
export async function recordEvents<T>(
  logs: LogStore,
  name: LogName & { fresh?: boolean; stop?: AbortSignal },
  work: (record: RecordLine) => Promise<T>,
): Promise<T> {
  const log = await logs.open(name, name).catch(() => undefined);
  try {
    return await work((line) => void log?.write(Buffer.from(`${JSON.stringify(line)}\n`)));
  } finally {
    await log?.close();
  }
}
