import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readBytesIfExists, statIfExists, withFileLock, withFsErrors, writeAtomically } from '../../io/index.ts';
import { type Descriptor, ImageIndex } from '../../schema/index.ts';
import type { BlobStream, Content, ImageSink } from '../image.ts';
import { parseDocument } from '../parse-document.ts';

/**
 * Writes into an OCI image layout in a folder, which is made if it is not there. Blobs appear complete or not at all; an image is in `index.json`
 * when all of it is there.
 */
export function createLayoutSink(folder: string): ImageSink {
  const blobPath = (digest: string): string => join(folder, 'blobs', ...digest.split(':'));
  return {
    name: folder,
    hasBlob: async ({ digest, size }) => (await statIfExists(blobPath(digest)))?.size === size,
    writeBlob: async ({ digest }, openBlob, { signal } = {}) => {
      const path = blobPath(digest);
      const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
      await withFsErrors(`write \`${path}\``, async () => {
        await mkdir(dirname(path), { recursive: true });
        try {
          await writeStream(temporary, openBlob(), signal);
          await rename(temporary, path);
        } catch (error) {
          await rm(temporary, { force: true });
          throw error;
        }
      });
    },
    writeManifest: async ({ descriptor, bytes }, { tags } = {}) => {
      await writeAtomically(blobPath(descriptor.digest), bytes);
      if (tags === undefined) return;
      await withFileLock(join(folder, '.terroir.lock'), async () => {
        await writeAtomically(join(folder, 'oci-layout'), layoutMarker);
        const path = join(folder, 'index.json');
        const old = await readBytesIfExists(path);
        const manifests =
          old === undefined ? [] : parseDocument(old, ImageIndex, { name: folder, what: 'its index.json' }).manifests;
        await writeAtomically(path, indexText(manifests, { descriptor, bytes }, tags));
      });
    },
  };
}

export const layoutMarker = '{"imageLayoutVersion":"1.0.0"}';
const refName = 'org.opencontainers.image.ref.name';

/** `index.json` with an image under these tags; what had them before has none any more. */
export function indexText(manifests: readonly Descriptor[], { descriptor }: Content, tags: readonly string[]): string {
  const kept = manifests.filter(
    ({ digest, annotations }) => digest !== descriptor.digest && !tags.includes(annotations?.[refName] ?? ''),
  );
  const { mediaType, digest, size, platform } = descriptor;
  const own = { mediaType, digest, size, ...(platform === undefined ? {} : { platform }) };
  const named = tags.length === 0 ? [own] : tags.map((tag) => ({ ...own, annotations: { [refName]: tag } }));
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [...kept, ...named],
  });
}

async function writeStream(path: string, stream: BlobStream, signal: AbortSignal | undefined): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
    }
  } finally {
    await file.close();
  }
}
