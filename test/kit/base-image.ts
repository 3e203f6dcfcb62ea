import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

/** An entry of a layer: a path with a content, or what it is. */
export type BaseEntry = Partial<Header> & { name: string; content?: string | Uint8Array };

export interface BaseOptions {
  layers: readonly (readonly BaseEntry[])[];
  config?: Record<string, unknown>;
  env?: readonly string[];
  architecture?: string;
  variant?: string;
  compression?: 'gzip' | 'zstd' | 'none';
  /** Docker's media types (image manifest 2, schema 2). */
  docker?: boolean;
  history?: boolean;
}

export interface MadeBlob {
  mediaType: string;
  digest: string;
  size: number;
  bytes: Buffer;
}

export interface MadeBase {
  manifest: MadeBlob;
  blobs: MadeBlob[];
}

/** A tar archive, by another program than ours. */
export async function makeTar(entries: readonly BaseEntry[]): Promise<Buffer> {
  const archive = pack();
  const chunks: Buffer[] = [];
  archive.on('data', (chunk) => chunks.push(chunk as Buffer));
  const ended = new Promise<void>((resolve) => {
    archive.on('end', () => resolve());
  });
  for (const { content, ...header } of entries) {
    const type =
      header.type ?? (header.name.endsWith('/') ? 'directory' : header.linkname === undefined ? 'file' : 'symlink');
    const mode = header.mode ?? (type === 'file' ? 0o644 : 0o755);
    const full = { mtime: new Date(1e12), uid: 0, gid: 0, ...header, type, mode };
    if (type === 'file') archive.entry(full, Buffer.from(content ?? ''));
    else archive.entry(full);
  }
  archive.finalize();
  await ended;
  return Buffer.concat(chunks);
}

export async function makeBase(options: BaseOptions): Promise<MadeBase> {
  const {
    compression = 'gzip',
    docker = false,
    architecture = 'amd64',
    variant,
    env = ['PATH=/usr/bin:/bin'],
  } = options;
  const tars = await Promise.all(options.layers.map(makeTar));
  const kind = docker ? 'application/vnd.docker.image.rootfs.diff.tar' : 'application/vnd.oci.image.layer.v1.tar';
  const suffix = { gzip: docker ? '.gzip' : '+gzip', zstd: docker ? '.zstd' : '+zstd', none: '' }[compression];
  const compress = { gzip: gzipSync, zstd: zstdCompressSync, none: (bytes: Buffer) => bytes }[compression];
  const layers = tars.map((tar) => blob(`${kind}${suffix}`, compress(tar)));
  const config = blob(
    docker ? 'application/vnd.docker.container.image.v1+json' : 'application/vnd.oci.image.config.v1+json',
    Buffer.from(
      JSON.stringify({
        architecture,
        os: 'linux',
        ...(variant === undefined ? {} : { variant }),
        config: { Env: env, Cmd: ['/bin/bash'], ...options.config },
        rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
        ...(options.history === false ? {} : { history: tars.map(() => ({ created_by: 'test' })) }),
      }),
    ),
  );
  const descriptor = ({ mediaType, digest, size }: MadeBlob): Omit<MadeBlob, 'bytes'> => ({ mediaType, digest, size });
  const type = docker
    ? 'application/vnd.docker.distribution.manifest.v2+json'
    : 'application/vnd.oci.image.manifest.v1+json';
  const manifest = blob(
    type,
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: type,
        config: descriptor(config),
        layers: layers.map(descriptor),
      }),
    ),
  );
  return { manifest, blobs: [...layers, config, manifest] };
}

/** Writes images as an OCI layout; several under one index. */
export async function writeBase(
  folder: string,
  images: readonly { base: MadeBase; platform?: { os: string; architecture: string; variant?: string } }[],
): Promise<string> {
  const descriptors = images.map(({ base: { manifest }, platform }) => ({
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.size,
    ...(platform === undefined ? {} : { platform }),
  }));
  const blobs = images.flatMap(({ base }) => base.blobs);
  let top = descriptors[0] as (typeof descriptors)[number];
  if (descriptors.length > 1) {
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const index = blob(mediaType, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: descriptors })));
    blobs.push(index);
    top = { mediaType, digest: index.digest, size: index.size };
  }
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  for (const { digest, bytes } of blobs) await writeFile(join(folder, 'blobs', digest.replace(':', '/')), bytes);
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [top] }));
  return folder;
}

/** Files that look like a Debian with a Python. */
export const debianLike: readonly BaseEntry[] = [
  { name: './' },
  { name: './bin', linkname: 'usr/bin' },
  { name: './lib', linkname: 'usr/lib' },
  { name: './opt/', mode: 0o775, uid: 7, gid: 8 },
  { name: './usr/' },
  { name: './usr/bin/' },
  { name: './usr/bin/python3', linkname: 'python3.11' },
  { name: './usr/bin/python3.11', mode: 0o755, content: `ELF${'x'.repeat(100)}\x003.11.2\0more` },
  { name: './usr/lib/' },
  { name: './usr/lib/python3/' },
  { name: './usr/lib/python3/dist-packages/' },
  { name: './usr/lib/x86_64-linux-gnu/' },
  {
    name: './usr/lib/x86_64-linux-gnu/libc.so.6',
    content: `\0GNU C Library (Debian GLIBC 2.36-9+deb12u4) stable release version 2.36.\n\0`,
  },
];

function blob(mediaType: string, bytes: Buffer): MadeBlob {
  return { mediaType, digest: digestOf(bytes), size: bytes.length, bytes };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
