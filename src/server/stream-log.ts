import { PassThrough, type Readable } from 'node:stream';

/** What a writer hands out piece by piece, as a stream that waits for its reader. */
export function streamLog(work: (write: (chunk: Uint8Array) => Promise<void>) => Promise<void>): Readable {
  const stream = new PassThrough();
  const write = async (chunk: Uint8Array): Promise<void> => {
    if (stream.destroyed) throw new Error('nobody reads any more');
    if (!stream.write(chunk)) await drained(stream);
  };
  work(write).then(
    () => stream.end(),
    (error: unknown) => stream.destroy(error instanceof Error ? error : undefined),
  );
  return stream;
}

/** Resolves when there is room again, or nobody reads any more. */
export async function drained(stream: NodeJS.WritableStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('drain', resolve);
  stream.once('close', resolve);
  try {
    await promise;
  } finally {
    stream.off('drain', resolve);
    stream.off('close', resolve);
  }
}
