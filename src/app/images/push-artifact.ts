import type { RemoteRepository } from '../../registry/index.ts';
import { canonicalJson, type Descriptor, mediaTypes, sha256 } from '../../schema/index.ts';

interface Options {
  signal?: AbortSignal;
}

/** What is no image, as the OCI specification has it. */
export interface Artifact {
  artifactType: string;
  layers: readonly Descriptor[];
  /** What it belongs to. */
  subject?: Descriptor;
  annotations?: Readonly<Record<string, string>>;
  /** A tag; without one it goes by its digest. */
  reference?: string;
}

/** Brings an artifact to a repository that has its layers. Answers the digest of its manifest. */
export async function pushArtifact(
  remote: RemoteRepository,
  { reference, layers, ...parts }: Artifact,
  options: Options = {},
): Promise<string> {
  const config = await pushBytes(remote, Buffer.from('{}'), { mediaType: mediaTypes.ociEmpty, ...options });
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...parts,
    config,
    // The specification wants one.
    layers: layers.length === 0 ? [config] : layers,
  };
  const bytes = Buffer.from(canonicalJson(manifest));
  const pushed = await remote.pushManifest({ bytes, mediaType: mediaTypes.ociManifest, reference }, options);
  return pushed.digest;
}

export async function pushBytes(
  remote: RemoteRepository,
  bytes: Buffer,
  { mediaType, signal }: { mediaType: string } & Options,
): Promise<Descriptor> {
  const descriptor = { mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
  await remote.pushBlob({ ...descriptor, open: (start) => from(bytes, start) }, { signal });
  return descriptor;
}

async function* from(bytes: Buffer, start: number): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes.subarray(start));
}
