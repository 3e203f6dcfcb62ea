import { statIfExists } from '../../io/index.ts';
import type { Descriptor } from '../../schema/index.ts';
import { algorithmOf, checkDigest, checkRepository, checkTag, isDigest } from '../names.ts';
import { type BlobLinks, createBlobLinks } from './blob-links.ts';
import type { ManifestPush, StoredManifest } from './check-push.ts';
import { collectGarbage, type GarbageOptions, type GarbageReport } from './collect-garbage.ts';
import { type ByteRange, type Content, createContent, type Damage, type Reading } from './content.ts';
import { createLayout, type Layout } from './layout.ts';
import { createManifests, type Manifests } from './manifests.ts';
import { createReferrers, type Referrers } from './referrers.ts';
import { createTags, type Tags } from './tags.ts';
import { type BlobFacts, createUploads, type Piece, type Uploads } from './uploads.ts';
import { repositoryExists, walkContent, walkRepositories } from './walk.ts';

export interface RegistryOptions {
  /** Milliseconds for which what nobody names stays; a day if not given. A push may take half of it from its first blob to its manifest. */
  grace?: number;
  /** Milliseconds after its last byte in which an upload may be gone on with; a day if not given. */
  uploadLifetime?: number;
  onDamage?: (damage: Damage) => void;
}

/** One repository. Names, tags and digests are checked here; whatever comes in is verified. */
export interface Repository {
  name: string;
  /** Undefined if this repository does not have it. What it has stays long enough for a push to go on. */
  findBlob: (digest: string) => Promise<BlobFacts | undefined>;
  readBlob: (digest: string, range?: ByteRange) => Promise<Reading | undefined>;
  /** Takes a stream in. @throws DIGEST_MISMATCH if it is not what `digest` says; nothing is kept then. */
  addBlob: (content: AsyncIterable<Uint8Array> | Uint8Array, digest?: string) => Promise<BlobFacts>;
  /**
   * Takes in a file that the caller has verified and that nobody writes any more, by a second name for it. False where that cannot be had: then
   * `addBlob` copies. The file is asked for only if the registry does not have the content.
   */
  linkBlob: (file: () => Promise<string | undefined>, digest: string) => Promise<boolean>;
  /** Makes a blob that another repository has visible here; of any repository that `mayRead` names, if none is given. False if there is none. */
  mountBlob: (
    digest: string,
    from?: string,
    options?: { mayRead?: (repository: string) => Promise<boolean> },
  ) => Promise<boolean>;
  deleteBlob: (digest: string) => Promise<boolean>;
  /** Stores a manifest and tags it, if all that it names is here. @throws AppError INVALID_IMAGE and their like; see `Manifests.put`. */
  putManifest: (push: ManifestPush) => Promise<StoredManifest & { subject: string | undefined }>;
  /** By tag or digest. */
  findManifest: (reference: string) => Promise<StoredManifest | undefined>;
  readManifest: (manifest: StoredManifest) => Promise<Buffer>;
  /** A digest takes the manifest and its tags away, a tag only itself. False if it was not there. */
  deleteManifest: (reference: string) => Promise<boolean>;
  listTags: () => Promise<string[]>;
  listReferrers: (subject: string) => Promise<Descriptor[]>;
  /** True if it ever had a manifest or blob. */
  exists: () => Promise<boolean>;
  uploads: RepositoryUploads;
}

/** Uploads in several steps: what the protocol of a registry needs. */
export interface RepositoryUploads {
  start: () => Promise<string>;
  offset: (id: string) => Promise<number>;
  append: (id: string, piece: Piece) => Promise<number>;
  finish: (id: string, digest: string) => Promise<BlobFacts>;
  cancel: (id: string) => Promise<void>;
}

export interface Registry {
  root: string;
  /** @throws NAME_INVALID. It need not exist. */
  repository: (name: string) => Repository;
  repositories: () => AsyncIterable<string>;
  /** Removes what nothing names and nobody used lately, untagged manifests among it, while others push and pull. */
  collectGarbage: (options?: GarbageOptions) => Promise<GarbageReport>;
  /** How much content there is, whoever it belongs to. */
  measure: () => Promise<{ count: number; bytes: number }>;
  /** Reads all content; what is damaged is moved away, so that it can come in again. */
  verify: (options?: { signal?: AbortSignal }) => Promise<{ checked: number; damaged: Damage[] }>;
}

interface Stores {
  layout: Layout;
  content: Content;
  links: BlobLinks;
  manifests: Manifests;
  tags: Tags;
  referrers: Referrers;
  uploads: Uploads;
}

const day = 24 * 60 * 60_000;

export function createRegistry(root: string, options: RegistryOptions = {}): Registry {
  const { grace = day, uploadLifetime = day, onDamage } = options;
  const layout = createLayout(root);
  const content = createContent(layout, { grace, onDamage });
  const links = createBlobLinks(layout, content, { grace });
  const tags = createTags(layout);
  const referrers = createReferrers(layout);
  const manifests = createManifests(layout, { content, links, tags, referrers }, { grace });
  const uploads = createUploads({
    path: layout.upload,
    keep: async (_repository, file, { digest }) => await content.adopt(file, digest),
    lifetime: uploadLifetime,
  });
  const stores: Stores = { layout, content, links, manifests, tags, referrers, uploads };
  return {
    root,
    repository: (name) => openRepository(stores, checkRepository(name)),
    repositories: () => walkRepositories(layout),
    collectGarbage: async (garbage = {}) =>
      await collectGarbage(layout, content, { grace, uploadLifetime, ...garbage }),
    measure: async () => {
      const sum = { count: 0, bytes: 0 };
      for await (const { path } of walkContent(layout)) {
        sum.count += 1;
        sum.bytes += (await statIfExists(path))?.size ?? 0;
      }
      return sum;
    },
    verify: async ({ signal } = {}) => {
      let checked = 0;
      const damaged: Damage[] = [];
      for await (const { digest } of walkContent(layout)) {
        signal?.throwIfAborted();
        if (digest === undefined) continue;
        checked += 1;
        const damage = await content.verify(digest);
        if (damage !== undefined) damaged.push(damage);
      }
      return { checked, damaged };
    },
  };
}

function openRepository(stores: Stores, name: string): Repository {
  const { layout, content, links, manifests, tags, referrers, uploads } = stores;

  const findBlob: Repository['findBlob'] = async (digest) => {
    const size = await links.find(name, checkDigest(digest));
    return size === undefined ? undefined : { digest, size };
  };
  const finish = async (id: string, digest?: string): Promise<BlobFacts> => {
    const blob = await uploads.finish(name, id, digest === undefined ? undefined : checkDigest(digest));
    await links.add(name, blob.digest);
    return blob;
  };

  return {
    name,
    findBlob,
    readBlob: async (digest, range) =>
      (await findBlob(digest)) === undefined ? undefined : await content.open(digest, range),
    addBlob: async (source, digest) => {
      const algorithm = digest === undefined ? undefined : algorithmOf(checkDigest(digest));
      const id = await uploads.start(name);
      try {
        await uploads.append(name, id, { body: source instanceof Uint8Array ? onePiece(source) : source, algorithm });
        return await finish(id, digest);
      } catch (error) {
        await uploads.cancel(name, id).catch(() => undefined);
        throw error;
      }
    },
    linkBlob: async (file, digest) =>
      (await content.link(file, checkDigest(digest))) && (await links.add(name, digest)),
    mountBlob: async (digest, from, { mayRead } = {}) => {
      checkDigest(digest);
      const sources = from === undefined ? walkRepositories(layout) : [checkRepository(from)];
      for await (const source of sources) {
        if ((await links.find(source, digest)) === undefined) continue;
        if (mayRead !== undefined && !(await mayRead(source))) continue;
        return await links.add(name, digest);
      }
      return false;
    },
    deleteBlob: async (digest) => await links.remove(name, checkDigest(digest)),
    putManifest: async (push) => await manifests.put(name, push),
    findManifest: async (reference) =>
      await manifests.find(name, isDigest(reference) ? reference : checkTag(reference)),
    readManifest: manifests.read,
    deleteManifest: async (reference) =>
      isDigest(reference) ? await manifests.remove(name, reference) : await tags.remove(name, checkTag(reference)),
    listTags: async () => await tags.list(name),
    listReferrers: async (subject) => await referrers.list(name, checkDigest(subject)),
    exists: async () => await repositoryExists(layout, name),
    uploads: {
      start: async () => await uploads.start(name),
      offset: async (id) => await uploads.offset(name, id),
      append: async (id, piece) => await uploads.append(name, id, piece),
      finish,
      cancel: async (id) => await uploads.cancel(name, id),
    },
  };
}

async function* onePiece(bytes: Uint8Array): AsyncIterableIterator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
