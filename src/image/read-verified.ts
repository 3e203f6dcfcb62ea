import { createHash } from 'node:crypto';
import { AppError } from '../errors/index.ts';
import type { Descriptor } from '../schema/index.ts';
import type { BlobSource, BlobStream } from './image.ts';

/** A blob as it comes, held against its descriptor: whoever has read it to its end has the right bytes. @throws AppError DIGEST_MISMATCH. */
export async function* readVerified(
  source: BlobSource,
  descriptor: Descriptor,
  options: { signal?: AbortSignal } = {},
): BlobStream {
  yield* verifyStream(source.openBlob(descriptor, options), descriptor);
}

/** @throws AppError DIGEST_MISMATCH. */
export async function* verifyStream(stream: BlobStream, { digest, size }: Descriptor): BlobStream {
  const [algorithm = '', expected] = digest.split(':');
  const hash = createHash(algorithm);
  let seen = 0;
  for await (const chunk of stream) {
    seen += chunk.length;
    if (seen > size) throw mismatch(digest, `it is longer than the ${size} bytes that its descriptor says`);
    hash.update(chunk);
    yield chunk;
  }
  if (seen < size) throw mismatch(digest, `it has ${seen} bytes, and its descriptor says ${size}`);
  if (hash.digest('hex') !== expected) throw mismatch(digest, 'its bytes have another digest');
}

/** A small blob as a whole. @throws AppError DIGEST_MISMATCH, INVALID_IMAGE if it is larger than a manifest or configuration may be. */
export async function readSmallBlob(
  source: BlobSource,
  descriptor: Descriptor,
  options: { signal?: AbortSignal } = {},
): Promise<Buffer> {
  if (descriptor.size > largestDocument)
    throw new AppError('INVALID_IMAGE', `\`${descriptor.digest}\` is said to have ${descriptor.size} bytes`, {
      hint: `Manifests and configurations have ${largestDocument} bytes at most.`,
    });
  return await collect(readVerified(source, descriptor, options));
}

/** Registries take manifests of 4 MiB; configurations with long histories are as large at most. */
export const largestDocument = 4 << 20;

export async function collect(stream: BlobStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function mismatch(digest: string, what: string): AppError {
  return new AppError('DIGEST_MISMATCH', `the blob \`${digest}\` is not what it should be: ${what}`, {
    hint: 'Whoever serves it changed or damaged it. Nothing was kept.',
  });
}
