import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';

/** Two buffers of this size take turns: one is read into while the other goes out. New ones for each piece would cost as much time again. */
const bufferSize = 1 << 18;

export interface SendFileOptions {
  /** First and last byte, both included; the whole file if not given. */
  range?: { start: number; end: number };
  /** Sees each piece before it goes out, and may stop everything by throwing. The buffer is used again afterwards. */
  onPiece?: (piece: Buffer, isLast: boolean) => void;
}

/** Writes (a part of) a file to a stream, and leaves the stream open. Throws if the stream is closed meanwhile, or the file ends too early. */
export async function sendFile(
  path: string,
  target: Writable,
  { range, onPiece }: SendFileOptions = {},
): Promise<void> {
  const file = await open(path, 'r');
  try {
    let position = range?.start ?? 0;
    const end = range === undefined ? (await file.stat()).size : range.end + 1;
    const size = Math.min(bufferSize, Math.max(end - position, 1));
    const halves = [0, 1].map(() => ({ buffer: Buffer.allocUnsafeSlow(size), sent: Promise.resolve() }));
    while (position < end) {
      for (const half of halves) {
        if (position >= end) break;
        await half.sent;
        const { bytesRead } = await file.read(half.buffer, 0, Math.min(size, end - position), position);
        if (bytesRead === 0) throw new Error(`\`${path}\` ended early`);
        position += bytesRead;
        const piece = half.buffer.subarray(0, bytesRead);
        onPiece?.(piece, position === end);
        half.sent = write(target, piece);
        // It is awaited before the buffer is used again; until then nobody else must see a failure.
        half.sent.catch(() => undefined);
      }
    }
    await Promise.all(halves.map(({ sent }) => sent));
  } finally {
    await file.close();
  }
}

async function write(target: Writable, piece: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onClose = (): void => reject(new Error('the connection was closed'));
    target.once('close', onClose);
    target.write(piece, (error) => {
      target.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}
