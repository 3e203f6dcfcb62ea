import type { Emit } from '../report/index.ts';
import type { UnpackedWheel } from './unpacked-wheel.ts';

export interface StoreOptions {
  /** `~/.cache/terroir/v1` */
  root: string;
  /** Threads that unpack; one a core if absent. */
  concurrency?: number;
}

/** An archive as a lock names it. */
export interface WantedArchive {
  sha256: string;
  size?: number;
  filename: string;
}

export type OnProgress = (done: number, total?: number) => void;

/** Brings the bytes to `file`; what an earlier try left at `<file>.part` may be continued. */
export type FetchArchive = (file: string, onProgress: OnProgress) => Promise<void>;

export interface ArchiveOptions {
  onProgress?: OnProgress;
  /** Called once when another process fetches the same archive. */
  onWait?: () => void;
  signal?: AbortSignal;
}

export interface Tally {
  count: number;
  bytes: number;
}

export interface StoreFacts {
  root: string;
  archives: Tally;
  unpacked: Tally;
  prefixes: Tally;
}

export interface Damage {
  /** Absolute. */
  path: string;
  reason: string;
}

export interface VerifyOptions {
  /** Remove what is damaged, so that the next use brings it again. True unless told otherwise. */
  repair?: boolean;
  emit?: Emit;
  signal?: AbortSignal;
}

export interface GarbageOptions {
  /** Only what was not used for so many days; 0 (the default) for everything that is not kept. */
  olderThanDays?: number;
  dryRun?: boolean;
  signal?: AbortSignal;
}

export interface Store {
  readonly root: string;
  /**
   * The archive's path in the store. If it is not there, `fetch` brings it: once, however many processes ask.
   * @throws AppError DIGEST_MISMATCH when the bytes are others than promised, DISK_FULL, and what `fetch` throws.
   */
  ensureArchive(
    want: WantedArchive,
    fetch: FetchArchive,
    options?: ArchiveOptions,
  ): Promise<{ path: string; outcome: 'cached' | 'fetched' }>;
  /** The archive's path if the store has it. */
  findArchive(sha256: string, filename: string): Promise<string | undefined>;
  /** Copies a file (a built wheel) into the store. */
  addArchive(file: string, filename: string): Promise<{ sha256: string; size: number }>;
  /**
   * The wheel, unpacked: now, if it was not before. Its archive must be in the store.
   * @throws AppError HOSTILE_ARCHIVE, CORRUPT_ARCHIVE, INVALID_WHEEL, DISK_FULL; CORRUPT_STORE if the archive is missing.
   */
  ensureWheel(sha256: string, filename: string, options?: { signal?: AbortSignal }): Promise<UnpackedWheel>;
  /** Forgets an unpacked wheel, so that the next `ensureWheel` unpacks it again. */
  dropWheel(sha256: string): Promise<void>;
  /** Keeps the garbage collector of every process away while `work` runs. */
  use<T>(work: () => Promise<T>): Promise<T>;
  describe(): Promise<StoreFacts>;
  /** Reads everything again and compares it with its digest. */
  verify(options?: VerifyOptions): Promise<{ checked: number; damaged: Damage[] }>;
  /** Removes what is not kept and was not used lately, and what killed processes left behind. Waits until nobody installs. */
  gc(
    keep: { archives: ReadonlySet<string>; prefixes: ReadonlySet<string> },
    options?: GarbageOptions,
  ): Promise<{ removed: Tally }>;
}

export function createStore(_options: StoreOptions): Store {
  throw new Error('not written yet');
}
