import { sleep } from '../../io/index.ts';
import type { LogName, LogStore } from '../../workspace/index.ts';

export interface FollowOptions {
  /** Bytes to leave out. */
  from?: number;
  /** Whether more may come. Asked before each look, so that nothing is missed. */
  isGrowing(): Promise<boolean>;
  /** `end`: how many bytes of the log have been handed out with this chunk. */
  write(chunk: Uint8Array, end: number): Promise<void>;
  signal: AbortSignal;
}

const chunkSize = 1 << 18;

/** Hands out a log that somebody writes, until its writer has ended. */
export async function followLog(
  logs: LogStore,
  name: LogName,
  { from = 0, isGrowing, write, signal }: FollowOptions,
): Promise<void> {
  for (let position = from; ; ) {
    const more = await isGrowing();
    for (;;) {
      const { bytes } = await logs.read(name, { from: position, limit: chunkSize });
      if (bytes.length === 0) break;
      position += bytes.length;
      await write(bytes, position);
    }
    if (!more) return;
    await sleep(200, signal);
  }
}
