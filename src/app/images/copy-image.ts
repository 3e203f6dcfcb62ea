import { isMultiImage, ociPlatform, openAll, openImage, writeImage } from '../../image/index.ts';
import { step } from '../../report/index.ts';
import type { App } from '../app.ts';
import { readPlatform } from '../platform.ts';
import { oneForDocker } from './one-for-docker.ts';
import { openImageSource, parseImagePlace, withImageSink } from './open-image-place.ts';

export interface CopiedImage {
  source: string;
  destination: string;
  digest: string;
  platforms: string[];
  /** Bytes that went, and bytes that the destination had or took from a neighbour. */
  written: number;
  present: number;
}

/** Brings an image from one place to another as it is, with the same digest: all platforms, or the one that is named. */
export async function copyImage(
  app: App,
  { source, destination, platform }: { source: string; destination: string; platform?: string },
): Promise<CopiedImage> {
  const [from, to] = [parseImagePlace(source), parseImagePlace(destination)];
  const opened = await openImageSource(app, from);
  const { reference } = opened;
  const all =
    platform === undefined
      ? await openAll(opened.source, { reference, signal: app.signal, others: true })
      : await openImage(opened.source, {
          reference,
          signal: app.signal,
          platform: ociPlatform(readPlatform(platform)),
        });
  const image = to.kind === 'docker-archive' ? oneForDocker(all) : all;
  const images = isMultiImage(image) ? image.images.map((each) => each.image) : [image];
  const sizes = new Map(
    images.flatMap(({ layers, config }) =>
      [...layers, config].map(({ descriptor }) => [descriptor.digest, descriptor.size]),
    ),
  );
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let written = 0;
  let present = 0;
  const name = from.kind === 'registry' ? from.tag : from.name;
  await step(
    app.emit,
    `Copying ${source} to ${destination}`,
    async (current) =>
      await withImageSink(app, { place: to, name }, async (sink, tags) => {
        await writeImage(image, sink, {
          tags,
          signal: app.signal,
          onBlob: ({ size }, outcome) => {
            if (outcome === 'present') present += size;
            else written += size;
            current.progress(written + present, total);
          },
        });
      }),
    { unit: 'bytes', total },
  );
  const top = isMultiImage(image) ? image.index : image.manifest;
  const platforms = images.map(({ value }) => `${value.config.os}/${value.config.architecture}`);
  return {
    source,
    destination,
    digest: top.descriptor.digest,
    platforms: platforms.filter((each) => !each.startsWith('unknown')),
    written,
    present,
  };
}
