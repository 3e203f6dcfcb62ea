import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, type ZlibOptions } from 'node:zlib';
import { AppError } from '../../errors/index.ts';
import { sha256 } from '../../schema/index.ts';

/** Three per cent larger than the default level makes it, in little more than half of the time. */
const options: ZlibOptions = { level: 4, memLevel: 8, windowBits: 15, strategy: 0 };
/** What official builds of Node make of the sample. */
const golden = '71931ff4ce860c6a0922836fcbf4b37009d5e9c8c81da99762e2c30dffc609d3';
const deflate = promisify<Buffer, ZlibOptions, Buffer>(deflateRaw);

/**
 * Deflates by the zlib that is in Node, whose output is the same on all its official builds. It runs beside the thread that calls it.
 * @throws AppError COMPRESSOR_MISMATCH where Node was built with another zlib: what it makes would have other digests than everywhere else.
 */
export async function deflatePinned(input: Buffer): Promise<Buffer> {
  checkCompressor();
  return await deflate(input, options);
}

let isChecked = false;

/** @throws AppError COMPRESSOR_MISMATCH. */
export function checkCompressor(): void {
  if (isChecked) return;
  if (sampleDigest() !== golden)
    throw new AppError(
      'COMPRESSOR_MISMATCH',
      `this Node (${process.version}) compresses in another way than the official builds`,
      {
        hint: 'Images of conda packages would get other digests here. Use an official build of Node; `npx terroir` brings one.',
      },
    );
  isChecked = true;
}

/** Of what comes out for text, runs, noise and near repetitions: all that an encoder has to decide about. */
export function sampleDigest(): string {
  return sha256(deflateRawSync(sample(), options));
}

function sample(): Buffer {
  let state = 1;
  const next = (): number => {
    // Numerical Recipes' generator; any would do.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
  const words = Array.from({ length: 400 }, () => next().toString(36));
  const text = Buffer.from(Array.from({ length: 30_000 }, () => words[next() % (1 + (next() % 400))]).join(' '));
  const noise = Buffer.from(Array.from({ length: 40_000 }, () => next() & 0xff));
  const runs = Buffer.concat(Array.from({ length: 300 }, () => Buffer.alloc(next() % 700, next() & 3)));
  const near = Buffer.from(text.subarray(0, 90_000));
  for (let at = 0; at < near.length; at += 1 + (next() % 200)) near[at] = next() & 0xff;
  return Buffer.concat([text, noise, runs, near]);
}
