import { open } from 'node:fs/promises';
import { pathExists, sleep } from '../../io/index.ts';

export interface FollowOptions {
  /** Bytes to leave out. */
  from?: number;
  /** Whether more may come. Asked before each look, so that nothing is missed. */
  isGrowing(): Promise<boolean>;
  /** `end`: how many bytes of the file have been handed out with this chunk. */
  write(chunk: Uint8Array, end: number): Promise<void>;
  signal: AbortSignal;
}

/** Hands out a file that somebody writes, until its writer has ended. */
export async function followFile(path: string, { from = 0, isGrowing, write, signal }: FollowOptions): Promise<void> {
  for (let position = from; ; ) {
    const more = await isGrowing();
    position = await copyFrom(path, position, write);
    if (!more) return;
    await sleep(200, signal);
  }
}

async function copyFrom(path: string, position: number, write: FollowOptions['write']): Promise<number> {
  if (!(await pathExists(path))) return position;
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(1 << 16);
    for (let at = position; ; ) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return at;
      at += bytesRead;
      await write(buffer.subarray(0, bytesRead), at);
    }
  } finally {
    await file.close();
  }
}
