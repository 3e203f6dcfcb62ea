import { AppError } from '../../errors/index.ts';
import { readBytesIfExists, readTextIfExists, removeFile, writeAtomically } from '../../io/index.ts';
import { algorithmOf, digestOf, isDigest } from '../names.ts';
import type { BlobLinks } from './blob-links.ts';
import { checkPush, type ManifestPush, type StoredManifest } from './check-push.ts';
import type { Content } from './content.ts';
import type { Layout } from './layout.ts';
import type { ManifestReference } from './read-manifest.ts';
import type { Referrers } from './referrers.ts';
import { affirm, type Grace } from './retire.ts';
import type { Tags } from './tags.ts';

interface ManifestRecord extends StoredManifest {
  subject?: string;
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

  return {
    put: async (repository, push) => {
      const size = async (reference: ManifestReference) => await sizeOf(repository, reference);
      const { stored, facts, tags: wanted } = await checkPush(push, size);
      const { digest } = stored;
      await content.write(push.bytes, digest);
      if (facts.subject !== undefined) {
        const { artifactType, annotations } = facts;
        await referrers.add(repository, facts.subject, { ...stored, artifactType, annotations });
      }
      await writeAtomically(
        layout.manifest(repository, digest),
        JSON.stringify({ mediaType: stored.mediaType, size: stored.size, subject: facts.subject }),
        { durable: true },
      );
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
