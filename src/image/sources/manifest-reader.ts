import { createHash } from 'node:crypto';
import { AppError } from '../../errors/index.ts';
import { type Descriptor, Digest, ImageIndex, normaliseImage } from '../../schema/index.ts';
import type { Content, ImageSource } from '../image.ts';
import { invalid, parseDocument } from '../parse-document.ts';

interface ReaderInput {
  name: string;
  /** `index.json` */
  index: Buffer;
  /** A small blob by its digest; undefined if there is none. */
  read(digest: string): Promise<Buffer | undefined>;
}

const refName = 'org.opencontainers.image.ref.name';

/** Finds manifests by the index of a layout: by digest, by the name in its annotations, or the only one. */
export function manifestReader({ name, index, read }: ReaderInput): ImageSource['readManifest'] {
  const { manifests } = parseDocument(index, ImageIndex, { name, what: 'its index.json' });
  const load = async (descriptor: Descriptor): Promise<Content> => {
    const bytes = await read(descriptor.digest);
    if (bytes === undefined) throw notFound(name, descriptor.digest, manifests);
    checkDigest(name, bytes, descriptor.digest);
    return { descriptor: { ...descriptor, size: bytes.length }, bytes };
  };
  return async (reference) => {
    const descriptor = reference === undefined ? theOnly(name, manifests) : find(manifests, reference);
    if (descriptor !== undefined) return await load(descriptor);
    // What an index in it names is not in the layout's own.
    if (reference === undefined || !Digest.safeParse(reference).success)
      throw notFound(name, reference ?? '', manifests);
    const { bytes, descriptor: loaded } = await load({ mediaType: '', digest: reference, size: 0 });
    const { mediaType } = JSON.parse(bytes.toString('utf8')) as { mediaType?: string };
    return { bytes, descriptor: { ...loaded, mediaType: mediaType ?? 'application/vnd.oci.image.manifest.v1+json' } };
  };
}

export function checkDigest(name: string, bytes: Uint8Array, digest: string): void {
  const [algorithm = '', expected] = digest.split(':');
  if (createHash(algorithm).update(bytes).digest('hex') === expected) return;
  throw new AppError('DIGEST_MISMATCH', `\`${name}\` has other bytes under \`${digest}\``, {
    hint: 'It was changed or damaged. Copy it again.',
  });
}

function theOnly(name: string, manifests: readonly Descriptor[]): Descriptor {
  const [first, ...others] = manifests;
  if (first === undefined) throw invalid(name, 'there is no image in it');
  if (new Set([first, ...others].map(({ digest }) => digest)).size === 1) return first;
  throw new AppError('USAGE', `\`${name}\` has ${manifests.length} images`, {
    hint: `Say which one: ${namesOf(manifests)}.`,
  });
}

/** By digest, by the name as it stands there or as Docker completes it, or by the tag at its end. */
function find(manifests: readonly Descriptor[], reference: string): Descriptor | undefined {
  return (
    manifests.find(({ digest }) => digest === reference) ??
    manifests.find(({ annotations }) => annotations?.[refName] === reference) ??
    manifests.find(({ annotations }) => normaliseImage(annotations?.[refName] ?? '') === normaliseImage(reference)) ??
    manifests.find(({ annotations }) => annotations?.[refName]?.endsWith(`:${reference}`))
  );
}

function notFound(name: string, reference: string, manifests: readonly Descriptor[]): AppError {
  return new AppError('IMAGE_NOT_FOUND', `\`${name}\` has no image \`${reference}\``, {
    hint: manifests.length === 0 ? undefined : `It has ${namesOf(manifests)}.`,
  });
}

function namesOf(manifests: readonly Descriptor[]): string {
  return manifests.map(({ digest, annotations }) => `\`${annotations?.[refName] ?? digest}\``).join(', ');
}
