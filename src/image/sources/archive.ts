import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import * as z from 'zod';
import { AppError } from '../../errors/index.ts';
import { fsErrorToAppError, statIfExists } from '../../io/index.ts';
import { canonicalJson, type Descriptor, ImageConfig, mediaTypes, sha256 } from '../../schema/index.ts';
import type { BlobStream, ImageSource } from '../image.ts';
import { compressionOf } from '../layers/open-tar.ts';
import { invalid, parseDocument } from '../parse-document.ts';
import { collect, largestDocument } from '../read-verified.ts';
import { createTarScan } from '../tar/read-tar.ts';
import { missingBlob } from './layout.ts';
import { manifestReader } from './manifest-reader.ts';

/** Where a file lies in the archive. */
interface Place {
  offset: number;
  size: number;
}

const DockerManifest = z.array(
  z.looseObject({
    Config: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    Layers: z.array(z.string()).nullish(),
  }),
);

/**
 * An image in a tar archive, as `docker save`, `podman save` and `skopeo` write it: an OCI layout, or Docker's own form. Blobs are read from where
 * they lie; nothing is unpacked.
 * @throws AppError FILE_NOT_FOUND, INVALID_IMAGE.
 */
export async function openArchive(path: string): Promise<ImageSource> {
  const files = await listArchive(path);
  const read = async (name: string): Promise<Buffer | undefined> => {
    const place = files.get(name);
    if (place === undefined) return undefined;
    if (place.size > largestDocument) throw invalid(path, `\`${name}\` has ${place.size} bytes`);
    return await collect(readPlace(path, place));
  };
  const index = await read('index.json');
  if (files.has('oci-layout') && index !== undefined) {
    const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
    return {
      name: path,
      readManifest: manifestReader({ name: path, index, read: async (digest) => await read(blobName(digest)) }),
      openBlob: ({ digest }, { signal } = {}) => {
        const place = files.get(blobName(digest));
        if (place === undefined) throw missingBlob(path, digest);
        return readPlace(path, place, signal);
      },
    };
  }
  const manifest = await read('manifest.json');
  if (manifest !== undefined) return await dockerSource(path, manifest, { files, read });
  throw invalid(path, 'it has neither `oci-layout` nor `manifest.json`');
}

/**
 * Docker's form has no manifest and no digests but those of the configuration: mostly layers are there uncompressed, and their diffIDs are their
 * digests. So a manifest is made that says what there is.
 */
async function dockerSource(
  path: string,
  manifest: Buffer,
  { files, read }: { files: ReadonlyMap<string, Place>; read: (name: string) => Promise<Buffer | undefined> },
): Promise<ImageSource> {
  const blobs = new Map<string, Place>();
  const manifests: Record<string, unknown>[] = [];
  const made = new Map<string, Buffer>();
  for (const { Config, RepoTags, Layers } of parseDocument(manifest, DockerManifest, {
    name: path,
    what: 'its manifest.json',
  })) {
    const config = await read(Config);
    const configPlace = files.get(Config);
    if (config === undefined || configPlace === undefined) throw invalid(path, `it has no \`${Config}\``);
    const diffIds = parseDocument(config, ImageConfig, { name: path, what: `its ${Config}` }).rootfs.diff_ids;
    const layers: Descriptor[] = [];
    for (const [index, name] of (Layers ?? []).entries()) {
      const place = files.get(name);
      const diffId = diffIds[index];
      if (place === undefined || diffId === undefined)
        throw invalid(path, `\`${name}\` is missing, or belongs to nothing`);
      const layer = await describeLayer(path, place, diffId);
      blobs.set(layer.digest, place);
      layers.push(layer);
    }
    const configDigest = `sha256:${sha256(config)}`;
    blobs.set(configDigest, configPlace);
    const bytes = Buffer.from(
      canonicalJson({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: { mediaType: mediaTypes.ociConfig, digest: configDigest, size: config.length },
        layers,
      }),
    );
    const digest = `sha256:${sha256(bytes)}`;
    made.set(digest, bytes);
    const descriptor = { mediaType: mediaTypes.ociManifest, digest, size: bytes.length };
    for (const tag of RepoTags ?? [undefined])
      manifests.push({
        ...descriptor,
        ...(tag === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': tag } }),
      });
  }
  return {
    name: path,
    readManifest: manifestReader({
      name: path,
      index: Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })),
      read: async (digest) => made.get(digest),
    }),
    openBlob: ({ digest }, { signal } = {}) => {
      const place = blobs.get(digest);
      if (place === undefined) throw missingBlob(path, digest);
      return readPlace(path, place, signal);
    },
  };
}

/** Uncompressed, a layer's digest is known; compressed, it has to be read for it. */
async function describeLayer(path: string, place: Place, diffId: string): Promise<Descriptor> {
  const compression = compressionOf(await collect(readPlace(path, { ...place, size: Math.min(place.size, 4) })));
  if (compression === 'none') return { mediaType: mediaTypes.ociLayer, digest: diffId, size: place.size };
  const hash = createHash('sha256');
  for await (const chunk of readPlace(path, place)) hash.update(chunk);
  const mediaType = compression === 'gzip' ? mediaTypes.ociLayerGzip : mediaTypes.ociLayerZstd;
  return { mediaType, digest: `sha256:${hash.digest('hex')}`, size: place.size };
}

/** Where each file lies; links (Docker writes a layer once, and links to it) lead to what they name. */
async function listArchive(path: string): Promise<Map<string, Place>> {
  const stats = await statIfExists(path);
  if (stats?.isFile() !== true)
    throw new AppError('FILE_NOT_FOUND', `there is no archive \`${path}\``, { hint: 'Check the path.' });
  const files = new Map<string, Place>();
  const links: [path: string, target: string][] = [];
  const scan = createTarScan(
    {
      member: ({ path: raw, kind, size, offset, target }) => {
        const name = normalise(raw);
        if (kind === 'file') files.set(name, { offset, size });
        else if (kind === 'link') links.push([name, normalise(`${name.slice(0, name.lastIndexOf('/') + 1)}${target}`)]);
        else if (kind === 'hard link') links.push([name, normalise(target)]);
        return undefined;
      },
    },
    path,
  );
  let isFirst = true;
  for await (const chunk of readPlace(path, { offset: 0, size: stats.size })) {
    if (isFirst && compressionOf(chunk) !== 'none')
      throw new AppError('INVALID_IMAGE', `\`${path}\` is compressed`, {
        hint: 'Uncompress it first (`gunzip`, `zstd -d`); what it has is compressed already.',
      });
    isFirst = false;
    scan.push(chunk);
  }
  scan.finish();
  for (const [name, target] of links) {
    const place = files.get(target);
    if (place !== undefined) files.set(name, place);
  }
  return files;
}

function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

async function* readPlace(path: string, { offset, size }: Place, signal?: AbortSignal): BlobStream {
  if (size === 0) return;
  try {
    yield* createReadStream(path, {
      start: offset,
      end: offset + size - 1,
      highWaterMark: 1 << 19,
      signal,
    }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw fsErrorToAppError(error, `read \`${path}\``);
  }
}
