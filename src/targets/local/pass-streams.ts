import type { Readable } from 'node:stream';
import type { LogFile } from '../../io/index.ts';
import { sleep } from '../../io/index.ts';
import { wholeLines } from './whole-lines.ts';

type StreamName = 'stdout' | 'stderr';

export interface PassOptions {
  log: LogFile | undefined;
  onOutput: ((stream: StreamName, chunk: Uint8Array) => void | Promise<void>) | undefined;
}

export interface PassedStreams {
  /**
   * Waits for the end of both streams. A process that got away may hold them open for ever: once nothing has come for `idleMs`, they are closed.
   * Answers what went wrong in the receiver, if anything.
   */
  finish(idleMs: number): Promise<unknown>;
}

/**
 * Hands both streams on as they come: to the receiver chunk for chunk, to the log in whole lines. The next chunk is read when both are done with
 * the last.
 */
export function passStreams(
  streams: Readonly<Record<StreamName, Readable>>,
  { log, onOutput }: PassOptions,
): PassedStreams {
  let busy = 0;
  let lastChunkAt = performance.now();
  const failures = new Map<StreamName, unknown>();
  // A receiver that fails (a closed terminal) must not fail the run: the log goes on. Without a log, the script gets to know that nobody listens.
  const receive = async (name: StreamName, chunk: Uint8Array): Promise<void> => {
    try {
      await onOutput?.(name, chunk);
    } catch (error) {
      failures.set(name, error);
      if (log === undefined) streams[name].destroy();
    }
  };
  const pump = async (name: StreamName): Promise<void> => {
    const lines = log === undefined ? undefined : wholeLines(log);
    try {
      for await (const chunk of streams[name] as AsyncIterable<Buffer>) {
        busy += 1;
        const written = lines?.write(chunk);
        if (!failures.has(name)) await receive(name, chunk);
        await written;
        lastChunkAt = performance.now();
        busy -= 1;
      }
    } finally {
      await lines?.finish();
    }
  };
  const names = ['stdout', 'stderr'] as const;
  const state = { ended: false };
  const all = Promise.all(names.map((name) => pump(name).catch(ignoreClosed))).then(() => (state.ended = true));
  return {
    finish: async (idleMs) => {
      lastChunkAt = performance.now();
      for (let pause = 1; !state.ended; pause = Math.min(pause * 2, 50)) {
        await Promise.race([all, sleep(pause)]);
        if (state.ended || busy > 0 || performance.now() - lastChunkAt < idleMs) continue;
        for (const name of names) streams[name].destroy();
        break;
      }
      await all;
      return [...failures.values()][0];
    },
  };
}

/** We closed it ourselves. */
function ignoreClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE' && error.code !== 'ECONNRESET' && error.code !== 'EIO') throw error;
}
