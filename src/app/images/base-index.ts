import { createHmac, timingSafeEqual } from 'node:crypto';
import { isAppError } from '../../errors/index.ts';
import { type Base, packBase } from '../../image/index.ts';
import type { Repository } from '../../registry/index.ts';
import { canonicalJson, type Descriptor, ImageManifest, mediaTypes } from '../../schema/index.ts';
import type { App } from '../app.ts';

const artifactType = 'application/vnd.terroir.base.v1';
const mediaType = 'application/vnd.terroir.base.v1+json+gzip';
/** Only the workspace itself can make it: whoever may push images must not say what is in a base. */
const sealKey = 'dev.terroir.seal';
/** Bytes; hundreds of thousands of paths have some megabytes. It is read before it is known whose it is. */
const largest = 64 << 20;

type Place = Pick<App, 'openWorkspace' | 'signal'>;

/** What another machine read of a base, from beside the copy of it in the workspace's registry. Whatever is wrong with it, the base can be read. */
export async function findBaseIndex(
  app: Place,
  repository: Repository,
  { digest }: Descriptor,
): Promise<Buffer | undefined> {
  try {
    for (const referrer of await repository.listReferrers(digest)) {
      if (referrer.artifactType !== artifactType) continue;
      const bytes = await readIndex(app, repository, referrer.digest);
      if (bytes !== undefined) return bytes;
    }
  } catch {
    app.signal.throwIfAborted();
  }
  return undefined;
}

async function readIndex(app: Place, repository: Repository, digest: string): Promise<Buffer | undefined> {
  const manifest = await repository.findManifest(digest);
  if (manifest === undefined) return undefined;
  const text = (await repository.readManifest(manifest)).toString('utf8');
  const { layers, annotations = {} } = ImageManifest.parse(JSON.parse(text));
  const digestOfIndex = layers[0]?.digest ?? '';
  const size = (await repository.findBlob(digestOfIndex))?.size ?? Number.POSITIVE_INFINITY;
  const reading = size > largest ? undefined : await repository.readBlob(digestOfIndex);
  if (reading === undefined) return undefined;
  const bytes = Buffer.concat(await Array.fromAsync(reading.pieces()));
  const [own, found] = [await sealOf(app, bytes), annotations[sealKey] ?? ''];
  return own.length === found.length && timingSafeEqual(Buffer.from(own), Buffer.from(found)) ? bytes : undefined;
}

/** Puts what was read of a base beside its copy, for whoever has not read it. */
export async function keepBaseIndex(
  app: Place,
  repository: Repository,
  { base, subject }: { base: Base; subject: Descriptor },
): Promise<void> {
  try {
    const packed = packBase(base);
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType,
      config: await addBytes(repository, Buffer.from('{}'), mediaTypes.ociEmpty),
      layers: [await addBytes(repository, packed, mediaType)],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
      annotations: { [sealKey]: await sealOf(app, packed) },
    };
    const bytes = Buffer.from(canonicalJson(manifest));
    await repository.putManifest({ bytes, contentType: mediaTypes.ociManifest });
  } catch (error) {
    // It saves somebody some seconds; nothing depends on it.
    if (!isAppError(error)) throw error;
  }
}

async function addBytes(repository: Repository, bytes: Buffer, mediaType: string): Promise<Descriptor> {
  const { digest, size } = await repository.addBlob(bytes);
  return { mediaType, digest, size };
}

async function sealOf(app: Place, bytes: Buffer): Promise<string> {
  const { secretKey } = await app.openWorkspace();
  return createHmac('sha256', await secretKey())
    .update(bytes)
    .digest('hex');
}
