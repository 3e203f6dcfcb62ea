import {
  choosePlatform,
  type Finding as ImageFinding,
  type ImageSource,
  isIndex,
  ociPlatform,
  parseIndex,
  validateImage,
} from '../../image/index.ts';
import { step } from '../../report/index.ts';
import type { App } from '../app.ts';
import { readPlatform } from '../platform.ts';
import { openImageSource, parseImagePlace } from './open-image-place.ts';

export interface ImageValidation {
  reference: string;
  /** Of what the reference names: an index, or the manifest of the only platform. */
  digest: string;
  findings: ImageFinding[];
  /** True without errors; warnings are allowed. */
  valid: boolean;
}

/** Reads an image to its last byte: all platforms, or the one that is named. @throws AppError where it cannot be reached. */
export async function validateImageAt(
  app: App,
  reference: string,
  { platform }: { platform?: string } = {},
): Promise<ImageValidation> {
  const place = await openImageSource(app, parseImagePlace(reference));
  const { descriptor, bytes } = await place.source.readManifest(place.reference, app);
  const wanted = platform === undefined ? undefined : ociPlatform(readPlatform(platform));
  const index =
    wanted === undefined || !isIndex({ descriptor, bytes })
      ? undefined
      : parseIndex({ descriptor, bytes }, place.source.name);
  const target =
    index === undefined || wanted === undefined
      ? place.reference
      : choosePlatform(index.manifests, wanted, place.source.name).digest;
  const findings = await readAll(app, { source: place.source, reference: target, title: `Reading ${reference}` });
  return {
    reference,
    digest: descriptor.digest,
    findings,
    valid: findings.every(({ severity }) => severity !== 'error'),
  };
}

async function readAll(
  app: App,
  { source, reference, title }: { source: ImageSource; reference: string | undefined; title: string },
): Promise<ImageFinding[]> {
  return await step(
    app.emit,
    title,
    async (current) => {
      let begun = 0;
      return await validateImage(source, {
        reference,
        signal: app.signal,
        onLayer: ({ size }) => current.progress((begun += size)),
      });
    },
    { unit: 'bytes' },
  );
}
