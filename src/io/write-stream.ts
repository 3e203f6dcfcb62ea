import type { FileHandle } from 'node:fs/promises';

/** Pieces that come in are gathered up to this size: fewer writes. What is gathered is lost if the process is killed. */
const writeSize = 1 << 18;

/**
 * Writes `pieces` into the file from `position` on, one write at a time, while the next pieces come in. `onPiece` sees each piece before it is
 * written, and may refuse it by throwing. What came before a break is kept: the file is then as long as what `onPiece` saw.
 */
export async function writeStream(
  file: FileHandle,
  pieces: AsyncIterable<Uint8Array>,
  { position, onPiece }: { position: number; onPiece: (piece: Uint8Array) => void },
): Promise<void> {
  let batch: Uint8Array[] = [];
  let gathered = 0;
  let end = position;
  let writing = Promise.resolve();
  const flush = async (): Promise<void> => {
    const [current, start] = [batch, end];
    end += gathered;
    batch = [];
    gathered = 0;
    await writing;
    writing = writeAll(file, current, start);
    // It is awaited with the next batch; until then nobody else must see a failure.
    writing.catch(() => undefined);
  };
  try {
    for await (const piece of pieces) {
      onPiece(piece);
      batch.push(piece);
      gathered += piece.length;
      if (gathered >= writeSize) await flush();
    }
  } finally {
    await flush();
    await writing;
  }
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  if (pieces.length === 0) return;
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  let { bytesWritten: done } = await file.writev(pieces, position);
  while (done < size) {
    const { bytesWritten } = await file.write(Buffer.concat(pieces), done, size - done, position + done);
    done += bytesWritten;
  }
}
