import type { LogFile } from '../../io/index.ts';

/** How long the beginning of a line waits for its end: a prompt or a row of dots is to be seen while it is written. */
const patienceMs = 100;
const longestLine = 64 * 1024;

/** One stream's way into a log that it shares. */
export interface LineWriter {
  write(chunk: Buffer): Promise<void>;
  /** Also what has no end. */
  finish(): Promise<void>;
}

/** Two streams in one log, each line in one piece: a program without a buffer writes its lines word by word. */
export function wholeLines(log: Pick<LogFile, 'write'>): LineWriter {
  let begun: Buffer[] = [];
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = async (last?: Buffer): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const whole = last === undefined ? begun : [...begun, last];
    begun = [];
    size = 0;
    if (whole.length > 0) await log.write(whole.length === 1 ? (whole[0] as Buffer) : Buffer.concat(whole));
  };
  return {
    write: async (chunk) => {
      const end = Math.max(chunk.lastIndexOf(10), chunk.lastIndexOf(13)) + 1;
      const rest = chunk.subarray(end);
      const written = end > 0 ? flush(chunk.subarray(0, end)) : undefined;
      if (rest.length > 0) {
        begun.push(rest);
        size += rest.length;
        timer ??= setTimeout(() => void flush(), patienceMs);
      }
      await (size > longestLine ? flush() : written);
    },
    finish: () => flush(),
  };
}
