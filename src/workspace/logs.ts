import type { LogFile } from '../io/index.ts';

/** Whose log it is: a run's, or a build's. */
export interface LogName {
  kind: 'run' | 'build';
  id: string;
}

export interface LogOptions {
  /** Without what was there. */
  fresh?: boolean;
  /** From when on a database that is away is not waited for much longer. */
  stop?: AbortSignal;
}

/** What runs print and builds report: written by one at a time, read by many while it grows. */
export interface LogStore {
  /** Opens a log to go on at its end. Of two who write it, the one who opened it last may; the other's `close` says what is missing. */
  open(name: LogName, options?: LogOptions): Promise<LogFile>;
  /** `limit` bytes at most, and how many there are by now. A log that is not there has none. */
  read(name: LogName, part: { from: number; limit: number }): Promise<{ bytes: Buffer; size: number }>;
}
