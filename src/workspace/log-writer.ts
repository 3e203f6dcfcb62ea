import { AppError } from '../errors/index.ts';
import { type LogFile, sleep } from '../io/index.ts';
import { isDatabaseAway } from './postgres-errors.ts';

/** Bytes of the largest piece. */
const pieceSize = 1 << 16;
/** Milliseconds between two pieces that are not full. */
const pause = 200;
/** Bytes in memory from which on `write` waits; more while the database is away, so that a script need not notice. */
const room = 1 << 20;
const roomWhileAway = 8 << 20;
/** Bytes in memory from which on those who do not wait lose what they write. */
const mostRoom = 32 << 20;
/** Milliseconds that a database may be away until the log is given up, and between two tries. */
const longest = 30 * 60_000;
const retryPause = 1000;
/** How often it is still tried once somebody wants to stop. */
const lastTries = 10;

/** Gathers what is written, and hands it on piece by piece. `write` keeps no chunk. */
export function createLogWriter(put: (bytes: Buffer) => Promise<void>, { stop }: { stop?: AbortSignal } = {}): LogFile {
  let pieces = createPieces();
  let unwritten = 0;
  let changed = Promise.withResolvers<void>();
  let failure: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  let isPutting = false;
  let isAway = false;
  let isClosing = false;

  const isBehind = (): boolean => unwritten > 0;
  const isTooMuch = (): boolean => unwritten > (isAway ? roomWhileAway : room);
  const tellChange = (): void => {
    if (isTooMuch()) return;
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const putPatiently = async (bytes: Buffer): Promise<void> => {
    const startedAt = performance.now();
    for (let last = 0; ; ) {
      try {
        await put(bytes);
        isAway = false;
        return;
      } catch (error) {
        if (stop?.aborted === true) last += 1;
        if (!isDatabaseAway(error) || last === lastTries || performance.now() - startedAt > longest) throw error;
        isAway = true;
        tellChange();
        await sleep(retryPause);
      }
    }
  };
  const isDue = (): boolean => isBehind() && (isClosing || pieces.isFull());
  const putAll = async (): Promise<void> => {
    isPutting = true;
    try {
      do {
        const bytes = pieces.take();
        await putPatiently(bytes);
        unwritten -= bytes.length;
        lastAt = performance.now();
        tellChange();
      } while (isDue());
    } catch (error) {
      failure ??= error as Error;
      unwritten = 0;
      pieces = createPieces();
      tellChange();
    }
    isPutting = false;
    plan();
  };
  /** What comes after a pause goes at once; then the next piece goes when it is full or has waited. */
  const plan = (): void => {
    if (isPutting || !isBehind()) return;
    if (!isDue()) {
      timer ??= setTimeout(start, Math.max(0, lastAt + pause - performance.now()));
      return;
    }
    start();
  };
  const start = (): void => {
    clearTimeout(timer);
    timer = undefined;
    void putAll();
  };
  return {
    write: async (chunk) => {
      if (failure !== undefined) return;
      if (unwritten + chunk.length > mostRoom) {
        failure = new AppError('BUSY', 'the database does not take it in as fast as it comes');
        return;
      }
      pieces.add(chunk);
      unwritten += chunk.length;
      plan();
      while (isTooMuch()) await changed.promise;
    },
    close: async () => {
      isClosing = true;
      plan();
      while (isBehind()) await changed.promise;
      return failure;
    },
  };
}

/** Bytes in the order in which they come, in pieces of one size: small chunks take no more memory than they have bytes. */
function createPieces() {
  const full: Buffer[] = [];
  let last = Buffer.alloc(0);
  let used = 0;
  return {
    isFull: () => full.length > 0,
    add: (chunk: Uint8Array): void => {
      for (let at = 0; at < chunk.length; ) {
        if (last.length === 0) last = Buffer.allocUnsafeSlow(pieceSize);
        const part = chunk.subarray(at, at + pieceSize - used);
        last.set(part, used);
        used += part.length;
        at += part.length;
        if (used === pieceSize) full.push(cut());
      }
    },
    /** The first full piece, or else all there is. */
    take: (): Buffer => full.shift() ?? cut(),
  };
  function cut(): Buffer {
    const piece = last.subarray(0, used);
    last = Buffer.alloc(0);
    used = 0;
    return piece;
  }
}
