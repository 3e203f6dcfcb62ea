import { resolve } from 'node:path';
import { AppError } from '../../errors/index.ts';
import {
  createArchiveSink,
  createLayoutSink,
  type Image,
  type ImageSink,
  isMultiImage,
  type MultiImage,
  withArchiveFile,
  writeImage,
} from '../../image/index.ts';
import { step } from '../../report/index.ts';
import type { Platform, PublishedImage } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { oneForDocker } from './one-for-docker.ts';
import { publishRecord } from './published-image.ts';
import { repositoryBelow } from './registry-prefix.ts';
import { openRemoteRepository } from './remote-registry.ts';

export interface Sending {
  /** `registry:HOST/NAME`, `oci:FOLDER`, `oci-archive:FILE`, `docker-archive:FILE`. */
  place: string;
  image: Image | MultiImage;
  /** Those of its platforms that were asked for: one that takes a single image gets that. */
  platforms?: readonly Platform[];
  /** What the image is called there if the place does not say. */
  repository: string;
  revision: number;
  /** Where the layers of the base are: a registry can take them from there itself. */
  base?: { registry: string; name: string; layers: ReadonlySet<string> };
  /** What a registry gets beside the image, where it stands under our own name: whoever has the definition finds it there. */
  record?: Omit<PublishedImage, 'format'>;
}

/**
 * Brings an image to where somebody wants it, under its revision's number and `latest`.
 * @throws AppError USAGE for a place that is none, or that takes fewer platforms.
 */
export async function sendImage(
  app: App,
  { place, image: whole, platforms, repository, revision, base, record }: Sending,
): Promise<void> {
  const [, kind = '', where = ''] = /^([a-z-]+):(.+)$/.exec(place) ?? [];
  const tags = [String(revision), 'latest'];
  const image = kind === 'docker-archive' ? oneForDocker(whole, platforms) : whole;
  const send = async (sink: ImageSink, names = tags): Promise<void> =>
    await step(app.emit, `Writing to ${where.replace(/\/$/, '')}`, async (current) => {
      let done = 0;
      let skipped = 0;
      await writeImage(from(image, base), sink, {
        tags: names,
        signal: app.signal,
        onBlob: ({ size }, outcome) => {
          if (outcome === 'present') skipped += size;
          else current.progress((done += size));
        },
      });
      current.finish('done', skipped > 0 && done === 0 ? 'all of it was there' : undefined);
    });
  const toRegistry = async (name: string): Promise<void> => {
    const { remote, sink } = await openRemoteRepository(app, name);
    await send(sink);
    if (record === undefined || !name.endsWith(`/${repository}`)) return;
    const subject = (isMultiImage(image) ? image.index : image.manifest).descriptor;
    await publishRecord(app, remote, { published: record, subject });
  };
  switch (kind) {
    case 'registry':
      return await toRegistry(nameIn(where, repository));
    case 'oci':
      return await send(createLayoutSink(resolve(app.cwd, where)));
    case 'oci-archive':
    case 'docker-archive':
      return await withArchiveFile(resolve(app.cwd, where), async (output) => {
        const repoTags = tags.map((tag) => `${repository}:${tag}`);
        const docker = kind === 'docker-archive' ? { repoTags } : undefined;
        // An OCI archive with two names is one with two images for Podman and skopeo, which want to be told which.
        await send(createArchiveSink(output, { name: where, docker }), repoTags.slice(0, 1));
      });
    default:
      throw new AppError('USAGE', `\`${place}\` is no place for an image`, {
        hint: 'Allowed: `oci:FOLDER`, `oci-archive:FILE`, `docker-archive:FILE`; a registry goes with --push.',
      });
  }
}

/** The image with layers of its base that may be mounted from where that is. */
function from(image: Image | MultiImage, base: Sending['base']): Image | MultiImage {
  if (base === undefined) return image;
  if (!isMultiImage(image)) return withLayersFrom(image, base);
  return { ...image, images: image.images.map((each) => ({ ...each, image: withLayersFrom(each.image, base) })) };
}

function withLayersFrom(image: Image, base: NonNullable<Sending['base']>): Image {
  const layers = image.layers.map((layer) =>
    base.layers.has(layer.descriptor.digest) ? { ...layer, from: base } : layer,
  );
  return { ...image, layers };
}

/** `registry.example` and `registry.example/team/` get our own name behind them; `registry.example/team/iris` is a name of the user's. */
function nameIn(where: string, repository: string): string {
  if (where.endsWith('/') || !where.includes('/')) return repositoryBelow(where, repository);
  return where;
}
