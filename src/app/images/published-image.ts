import { AppError } from '../../errors/index.ts';
import type { RemoteRepository } from '../../registry/index.ts';
import { checkLock } from '../../resolve/index.ts';
import { canonicalJson, type Descriptor, PublishedImage } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { pushArtifact, pushBytes } from './push-artifact.ts';

/**
 * What makes an image in a registry more than an image: its record and its locks, as an artifact that has it for its subject. Whoever has the
 * definition takes both from there instead of building.
 */
const artifactType = 'application/vnd.terroir.published-image.v1+json';

/** A record of a few hundred packages has some hundred kilobytes. */
const largest = 64 * 1024 * 1024;

export async function publishRecord(
  app: App,
  remote: RemoteRepository,
  { published, subject }: { published: Omit<PublishedImage, 'format'>; subject: Descriptor },
): Promise<void> {
  const { signal } = app;
  const text = canonicalJson({ format: 1, ...published });
  const record = await pushBytes(remote, Buffer.from(text), { mediaType: artifactType, signal });
  await pushArtifact(remote, { artifactType, layers: [record], subject }, { signal });
}

/**
 * The newest record of the image that a tag names; undefined if the repository has no such tag, or the image no record.
 * @throws AppError INVALID_LOCK, INVALID_IMAGE, UNREACHABLE.
 */
export async function readPublished(
  { signal }: App,
  remote: RemoteRepository,
  { tag, fingerprint }: { tag: string; fingerprint: string },
): Promise<PublishedImage | undefined> {
  const named = await remote.findManifest(tag, { signal });
  if (named === undefined) return undefined;
  let newest: PublishedImage | undefined;
  for (const referrer of await remote.listReferrers(named.digest, { artifactType, signal })) {
    const { bytes } = await remote.readManifest(referrer.digest, { signal });
    const layer = recordOf(bytes);
    if (layer === undefined || layer.size > largest) continue;
    const pieces: Uint8Array[] = [];
    for await (const piece of remote.readBlob(layer.digest, { signal })) pieces.push(piece);
    const published = PublishedImage.safeParse(parse(Buffer.concat(pieces)));
    // One of a later format may stand beside it.
    if (!published.success || published.data.image.digest !== named.digest) continue;
    const { image, locks } = published.data;
    if (image.fingerprint !== fingerprint)
      throw new AppError('INVALID_IMAGE', `the record of ${named.digest} is that of another definition`);
    for (const lock of locks) checkLock(lock, { fingerprint });
    // Where a base moved without changing the image there is a record for each time.
    if (newest === undefined || newest.image.createdAt < image.createdAt) newest = published.data;
  }
  return newest;
}

function recordOf(manifest: Uint8Array): Descriptor | undefined {
  const value = parse(manifest) as { artifactType?: unknown; layers?: Descriptor[] } | undefined;
  return value?.artifactType === artifactType ? value.layers?.[0] : undefined;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as unknown;
  } catch {
    return undefined;
  }
}
