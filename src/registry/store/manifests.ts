import { AppError } from '../../errors/index.ts';
import { readBytesIfExists, readTextIfExists, removeFile, writeAtomically } from '../../io/index.ts';
import { algorithmOf, digestOf, isDigest } from '../names.ts';
import { registryError } from '../registry-error.ts';
import type { BlobLinks } from './blob-links.ts';
import type { Content } from './content.ts';
import type { Layout } from './layout.ts';
import { type ManifestReference, readManifest } from './read-manifest.ts';
import type { Referrers } from './referrers.ts';
import { affirm, type Grace } from './retire.ts';
import type { Tags } from './tags.ts';

export interface StoredManifest {
  digest: string;
  mediaType: string;
  size: number;
}

interface ManifestRecord extends StoredManifest {
  subject?: string;
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

export interface Manifests {
  /**
   * Stores it if all that it names is in the repository with the sizes that it says, then tags it. Nothing is tagged before it is complete.
   * @throws MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, SIZE_INVALID, DIGEST_INVALID.
   */
  put: (repository: string, push: ManifestPush) => Promise<StoredManifest & { subject: string | undefined }>;
  /** By tag or digest. */
  find: (repository: string, reference: string) => Promise<StoredManifest | undefined>;
  /** Its bytes, verified. @throws AppError CORRUPT_STORE. */
  read: (manifest: StoredManifest) => Promise<Buffer>;
  /** Takes it and every tag on it away. False if it was not there. */
  remove: (repository: string, digest: string) => Promise<boolean>;
}

interface Stores {
  content: Content;
  links: BlobLinks;
  tags: Tags;
  referrers: Referrers;
}

export function createManifests(
  layout: Layout,
  { content, links, tags, referrers }: Stores,
  { grace }: Grace,
): Manifests {
  /** It stays for now, with all that it names: garbage collection goes by when it was asked for. */
  const record = async (repository: string, digest: string): Promise<ManifestRecord | undefined> => {
    if (!(await affirm(layout.manifest(repository, digest), { grace }))) return undefined;
    const text = await readTextIfExists(layout.manifest(repository, digest));
    if (text === undefined) return undefined;
    return { digest, ...(JSON.parse(text) as Omit<ManifestRecord, 'digest'>) };
  };

  const read = async ({ digest }: StoredManifest): Promise<Buffer> => {
    const bytes = await readBytesIfExists(content.path(digest));
    if (bytes !== undefined && digestOf(bytes, algorithmOf(digest)) === digest) return bytes;
    if (bytes !== undefined) await content.verify(digest);
    throw new AppError('CORRUPT_STORE', `the manifest \`${digest}\` is damaged or missing in the registry`, {
      hint: 'Push the image again.',
    });
  };

  /** The size of what the repository has of it; it stays for now. */
  const sizeOf = async (repository: string, { digest, kind }: ManifestReference): Promise<number | undefined> => {
    const manifest = kind === 'manifest' ? await record(repository, digest) : undefined;
    // An index may name blobs too: build caches do.
    return manifest?.size ?? (await links.find(repository, digest));
  };

  const checkReferences = async (repository: string, references: readonly ManifestReference[]): Promise<void> => {
    const missing: string[] = [];
    for (const reference of references) {
      const size = await sizeOf(repository, reference);
      if (size === undefined) {
        if (reference.required) missing.push(reference.digest);
      } else if (size !== reference.size) {
        const said = `the manifest says that \`${reference.digest}\` has ${reference.size} bytes`;
        throw registryError('SIZE_INVALID', `${said}, and it has ${size}`);
      }
    }
    if (missing.length === 0) return;
    const detail = missing.map((digest) => ({ digest }));
    throw registryError('MANIFEST_BLOB_UNKNOWN', 'the manifest names what the repository does not have', { detail });
  };

  return {
    put: async (repository, { bytes, contentType, reference, tags: more = [] }) => {
      const facts = readManifest(bytes, contentType);
      const isByDigest = reference !== undefined && isDigest(reference);
      const digest = digestOf(bytes, isByDigest ? algorithmOf(reference) : 'sha256');
      if (isByDigest && reference !== digest) {
        throw registryError('DIGEST_INVALID', `the manifest has the digest \`${digest}\`, not \`${reference}\``);
      }
      await checkReferences(repository, facts.references);
      const stored = { digest, mediaType: facts.mediaType, size: bytes.length };
      await content.write(bytes, digest);
      if (facts.subject !== undefined) {
        const { artifactType, annotations } = facts;
        await referrers.add(repository, facts.subject, { ...stored, artifactType, annotations });
      }
      await writeAtomically(
        layout.manifest(repository, digest),
        JSON.stringify({ mediaType: stored.mediaType, size: stored.size, subject: facts.subject }),
        { durable: true },
      );
      const wanted = reference === undefined || isByDigest ? more : [reference, ...more];
      for (const tag of wanted) await tags.set(repository, tag, digest);
      return { ...stored, subject: facts.subject };
    },
    find: async (repository, reference) => {
      if (!isDigest(reference) && !(await affirm(layout.tag(repository, reference), { grace }))) return undefined;
      const digest = isDigest(reference) ? reference : await tags.get(repository, reference);
      return digest === undefined ? undefined : await record(repository, digest);
    },
    read,
    remove: async (repository, digest) => {
      const known = await record(repository, digest);
      if (known === undefined) return false;
      await tags.removeAll(repository, digest);
      const isRemoved = await removeFile(layout.manifest(repository, digest));
      if (known.subject !== undefined) await referrers.remove(repository, known.subject, digest);
      return isRemoved;
    },
  };
}
