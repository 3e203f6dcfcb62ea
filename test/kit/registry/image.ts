import { createHash } from 'node:crypto';
import { mediaTypes } from '../../../src/schema/index.ts';

export const sha256Of = (content: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`;
export const sha512Of = (content: string | Uint8Array): string =>
  `sha512:${createHash('sha512').update(content).digest('hex')}`;

export interface SmallImage {
  config: Buffer;
  layers: Buffer[];
  manifest: Buffer;
  digest: string;
}

export const describe = (content: string | Uint8Array, mediaType: string) => ({
  mediaType,
  digest: sha256Of(content),
  size: Buffer.byteLength(content),
});

/** An image whose layers are the given texts: no engine could unpack it, every registry takes it. */
export function smallImage(layers: readonly string[], more: Record<string, unknown> = {}): SmallImage {
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: layers.map(sha256Of) } }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: describe(config, mediaTypes.ociConfig),
      layers: layers.map((layer) => describe(layer, mediaTypes.ociLayer)),
      ...more,
    }),
  );
  return { config, layers: layers.map((layer) => Buffer.from(layer)), manifest, digest: sha256Of(manifest) };
}
