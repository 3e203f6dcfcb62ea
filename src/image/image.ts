import type { Descriptor, ImageConfig, ImageIndex, ImageManifest, OciPlatform } from '../schema/index.ts';

/** Content with its descriptor. */
export interface Content {
  descriptor: Descriptor;
  bytes: Buffer;
}

/** The bytes of a blob, in order. Nobody has to check them on the way: whoever reads them holds them against the descriptor (`readVerified`). */
export type BlobStream = AsyncIterable<Uint8Array>;

/** Where blobs can be read. */
export interface BlobSource {
  /** @throws AppError IMAGE_NOT_FOUND. */
  openBlob(descriptor: Descriptor, options?: { signal?: AbortSignal }): BlobStream;
}

/** Where images can be read: a registry's repository, a layout, an archive. */
export interface ImageSource extends BlobSource {
  /** How messages call it: `registry.example/team/base`, `./layout`. */
  readonly name: string;
  /**
   * A manifest or index by its digest or tag, as it is stored; without either, the one that there is. Its bytes have been held against the
   * digest that the descriptor names, and against `reference` if that is a digest.
   * @throws AppError IMAGE_NOT_FOUND, UNREACHABLE, UNAUTHORIZED.
   */
  readManifest(reference?: string, options?: { signal?: AbortSignal }): Promise<Content>;
  /** The repository, for sinks on the same registry that can mount blobs from it. */
  readonly repository?: { registry: string; name: string };
}

/** Where images can be written. Manifests come after all that they name. */
export interface ImageSink {
  readonly name: string;
  hasBlob(descriptor: Descriptor): Promise<boolean>;
  /**
   * Takes a blob in that is not there. Streams at most once from `open`, which may be called again after a failure; bytes that do not fit the descriptor are
   * refused by the stream itself. `from` is where the blob may be mounted from instead.
   */
  writeBlob(descriptor: Descriptor, open: () => BlobStream, options?: WriteOptions): Promise<void>;
  /** Tagged last, when it is there in full. */
  writeManifest(manifest: Content, options?: { tags?: readonly string[]; signal?: AbortSignal }): Promise<void>;
  /** What has to be done when all is written. */
  finish?(): Promise<void>;
}

export interface WriteOptions {
  from?: { registry: string; name: string };
  file?: Layer['file'];
  signal?: AbortSignal;
}

/** A layer as a value. */
export interface Layer {
  descriptor: Descriptor;
  /** `sha256:…` of the tar archive. */
  diffId: string;
  /** The compressed bytes, as the descriptor has them. */
  open(options?: { signal?: AbortSignal }): BlobStream;
  /** Where the blob may be mounted from. */
  from?: { registry: string; name: string };
  /** A file on this machine with the compressed bytes, held against their digest, which nobody writes any more: who wants it may link it. */
  file?(): Promise<string | undefined>;
}

/** An image of one platform as a value. */
export interface Image {
  manifest: Content;
  config: Content;
  layers: readonly Layer[];
  readonly value: { manifest: ImageManifest; config: ImageConfig };
}

/** Images of several platforms under one digest. */
export interface MultiImage {
  index: Content;
  images: readonly { platform: OciPlatform; image: Image }[];
  readonly value: ImageIndex;
}
