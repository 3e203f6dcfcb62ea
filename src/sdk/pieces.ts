import { TextDecoderStream } from 'node:stream/web';

/** What a writer hands out piece by piece, as text to be iterated over. Who stops reading stops the writer. */
export function toPieces(work: (write: (chunk: Uint8Array) => Promise<void>) => Promise<void>): AsyncIterable<string> {
  const { readable, writable } = new TextDecoderStream();
  const writer = writable.getWriter();
  const ignore = (): undefined => undefined;
  writer.closed.catch(ignore);
  // A copy: writers use their buffers again.
  work(async (chunk) => await writer.write(Uint8Array.from(chunk)))
    .then(
      () => writer.close(),
      (error: unknown) => writer.abort(error),
    )
    .catch(ignore);
  return readable;
}
