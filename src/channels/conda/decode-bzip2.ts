import { PassThrough, type Readable } from 'node:stream';

/** A bzip2 stream unpacked. What ends early gives what there was. @throws Error for what is none. */
export async function decodeBzip2(input: Readable): Promise<Readable> {
  const { default: unbzip2 } = await import('unbzip2-stream');
  const decoder = unbzip2();
  const output = new PassThrough();
  decoder.on('error', (error) => output.destroy(error));
  input.on('error', (error) => output.destroy(error));
  output.on('close', () => input.destroy());
  // The decoder is a stream of the oldest kind, which nothing but `pipe` knows how to read.
  input.pipe(decoder).pipe(output);
  return output;
}
