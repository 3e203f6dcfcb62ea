import { inParallel } from '../../io/index.ts';
import { algorithmOf, checkTag, digestOf, isDigest } from '../names.ts';
import { registryError } from '../registry-error.ts';
import { type ManifestFacts, type ManifestReference, readManifest } from './read-manifest.ts';

export interface StoredManifest {
  digest: string;
  mediaType: string;
  size: number;
}

export interface ManifestPush {
  bytes: Uint8Array;
  /** As the client sent it; the document's own counts if it is missing. */
  contentType?: string;
  /** A digest (then the bytes have to be its) or a tag; the bytes' SHA-256 if missing. */
  reference?: string;
  /** More tags to give it. */
  tags?: readonly string[];
}

/** A manifest that may come in. */
export interface CheckedPush {
  stored: StoredManifest;
  facts: ManifestFacts;
  /** All that it shall get. */
  tags: readonly string[];
}

/**
 * Holds a manifest against what it says of itself and of what the repository has. `sizeOf` answers the size of something that it names, undefined for
 * what is not there. @throws MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, SIZE_INVALID, DIGEST_INVALID.
 */
export async function checkPush(
  { bytes, contentType, reference, tags = [] }: ManifestPush,
  sizeOf: (reference: ManifestReference) => Promise<number | undefined>,
): Promise<CheckedPush> {
  const isByDigest = reference !== undefined && isDigest(reference);
  const all = reference === undefined || isByDigest ? tags : [reference, ...tags];
  for (const tag of all) checkTag(tag);
  const facts = readManifest(bytes, contentType);
  const digest = digestOf(bytes, isByDigest ? algorithmOf(reference) : 'sha256');
  if (isByDigest && reference !== digest) {
    throw registryError('DIGEST_INVALID', `the manifest has the digest \`${digest}\`, not \`${reference}\``);
  }
  await checkReferences(facts.references, sizeOf);
  return { stored: { digest, mediaType: facts.mediaType, size: bytes.length }, facts, tags: all };
}

async function checkReferences(
  references: readonly ManifestReference[],
  sizeOf: (reference: ManifestReference) => Promise<number | undefined>,
): Promise<void> {
  const sizes = await inParallel(references, 8, sizeOf);
  const missing: string[] = [];
  for (const [index, { digest, size, required }] of references.entries()) {
    const found = sizes[index];
    if (found === undefined) {
      if (required) missing.push(digest);
    } else if (found !== size) {
      throw registryError(
        'SIZE_INVALID',
        `the manifest says that \`${digest}\` has ${size} bytes, and it has ${found}`,
      );
    }
  }
  if (missing.length === 0) return;
  const detail = missing.map((digest) => ({ digest }));
  throw registryError('MANIFEST_BLOB_UNKNOWN', 'the manifest names what the repository does not have', { detail });
}
