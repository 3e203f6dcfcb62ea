import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { fsErrorToAppError, readBytesIfExists } from '../../io/index.ts';
import { Descriptor } from '../../schema/index.ts';
import type { BlobStream, ImageSource } from '../image.ts';
import { manifestReader } from './manifest-reader.ts';

/** An OCI image layout in a folder (image specification, "OCI Image Layout"). @throws AppError IMAGE_NOT_FOUND if it is none. */
export async function openLayout(folder: string): Promise<ImageSource> {
  const [marker, index] = await Promise.all(
    ['oci-layout', 'index.json'].map(async (name) => await readBytesIfExists(join(folder, name))),
  );
  if (marker === undefined || index === undefined)
    throw new AppError(
      'IMAGE_NOT_FOUND',
      `\`${folder}\` is no OCI layout: it has no \`oci-layout\` and \`index.json\``,
      {
        hint: 'Name the folder that has the two.',
      },
    );
  const blobPath = (digest: string): string =>
    join(folder, 'blobs', ...Descriptor.shape.digest.parse(digest).split(':'));
  return {
    name: folder,
    readManifest: manifestReader({
      name: folder,
      index,
      read: async (digest) => await readBytesIfExists(blobPath(digest)),
    }),
    openBlob: ({ digest }, { signal } = {}) => readFile(blobPath(digest), { name: folder, digest, signal }),
  };
}

async function* readFile(
  path: string,
  { name, digest, signal }: { name: string; digest: string; signal?: AbortSignal },
): BlobStream {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 19, signal }) as AsyncIterable<Buffer>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missingBlob(name, digest);
    throw fsErrorToAppError(error, `read \`${path}\``);
  }
}

export function missingBlob(name: string, digest: string): AppError {
  return new AppError('IMAGE_NOT_FOUND', `\`${name}\` does not have the blob \`${digest}\``, {
    hint: 'It was copied in part, or something was removed from it.',
  });
}
