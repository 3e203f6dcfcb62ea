import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { withFsErrors } from '../../io/index.ts';
import { ImageManifest, mediaTypes } from '../../schema/index.ts';
import type { Content, ImageSink } from '../image.ts';
import { endOfTar, paddingOf, tarHeader } from '../tar/tar-header.ts';
import { indexText, layoutMarker } from './layout.ts';

/** Takes the bytes of an archive as they are made. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * Writes an image as a tar archive, in one go: an OCI layout, or with `docker` what `docker load` and all other engines take. Not both: those that
 * know both would take the layout, which has no full names. Nothing is uncompressed for it.
 */
export function createArchiveSink(
  output: ByteSink,
  { name, docker }: { name: string; docker?: { repoTags: readonly string[] } },
): ImageSink {
  const written = new Set<string>();
  const folders = new Set<string>();
  let top: { manifest: Content; tags: readonly string[] } | undefined;
  let first: ImageManifest | undefined;
  let last: Promise<void> = Promise.resolve();
  const addHeader = async (path: string, size: number): Promise<void> => {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      if (folders.has(folder)) continue;
      folders.add(folder);
      await output.write(tarHeader({ path: folder, kind: 'folder', mode: 0o755 }));
    }
    await output.write(tarHeader({ path, kind: 'file', size, mode: 0o644 }));
  };
  const addFile = async (path: string, content: string | Uint8Array): Promise<void> => {
    const bytes = Buffer.from(content);
    await addHeader(path, bytes.length);
    await output.write(bytes);
    await output.write(Buffer.alloc(paddingOf(bytes.length)));
  };
  /** One after another: it is one stream. */
  const inTurn = async (work: () => Promise<void>): Promise<void> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    await turn;
  };
  return {
    name,
    hasBlob: async ({ digest }) => written.has(digest),
    writeBlob: async ({ digest, size }, openBlob, { signal } = {}) =>
      await inTurn(async () => {
        if (written.has(digest)) return;
        written.add(digest);
        await addHeader(blobName(digest), size);
        for await (const chunk of openBlob()) {
          signal?.throwIfAborted();
          await output.write(chunk);
        }
        await output.write(Buffer.alloc(paddingOf(size)));
      }),
    writeManifest: async (manifest, { tags } = {}) =>
      await inTurn(async () => {
        const { descriptor, bytes } = manifest;
        if (!written.has(descriptor.digest)) await addFile(blobName(descriptor.digest), bytes);
        written.add(descriptor.digest);
        const isImage = [mediaTypes.ociManifest, mediaTypes.dockerManifest].includes(descriptor.mediaType as never);
        if (isImage && docker !== undefined) {
          if (first !== undefined) throw new Error('an archive for Docker takes one image');
          first = ImageManifest.parse(JSON.parse(bytes.toString('utf8')));
        }
        if (tags !== undefined) top = { manifest, tags };
      }),
    finish: async () =>
      await inTurn(async () => {
        if (top === undefined) throw new Error('an archive of images has none');
        if (docker === undefined) {
          await addFile('index.json', indexText([], top.manifest, top.tags));
          await addFile('oci-layout', layoutMarker);
        } else if (first !== undefined) await addFile('manifest.json', dockerText(first, docker.repoTags));
        await output.write(endOfTar);
      }),
  };
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function dockerText({ config, layers }: ImageManifest, repoTags: readonly string[]): string {
  return JSON.stringify([
    { Config: blobName(config.digest), RepoTags: repoTags, Layers: layers.map(({ digest }) => blobName(digest)) },
  ]);
}

/** Runs `work` with a file to write to; it gets its name when all went well. */
export async function withArchiveFile(path: string, work: (output: ByteSink) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await withFsErrors(`write \`${path}\``, async () => {
    await mkdir(dirname(path), { recursive: true });
    try {
      const file = await open(temporary, 'wx', 0o644);
      try {
        await work({
          write: async (bytes) => {
            for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
          },
        });
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}
