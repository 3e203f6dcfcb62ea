import { isAppError } from '../../errors/index.ts';
import { fsErrorToAppError, readFileRange, removeFile, statIfExists } from '../../io/index.ts';
import type { RemoteRepository } from '../client/client.ts';
import type { BlobSource } from '../client/push-blob.ts';
import { algorithmOf, checkDigest, checkRepository, checkTag, digestOf, isDigest } from '../names.ts';
import { registryError } from '../registry-error.ts';
import { checkPush } from '../store/check-push.ts';
import type { ManifestReference } from '../store/read-manifest.ts';
import type { Repository } from '../store/registry.ts';
import type { BlobFacts, Uploads } from '../store/uploads.ts';
import type { KnownBlobs } from './known-blobs.ts';
import { deletingTag, inOurWords, pushingManifest } from './refusal.ts';
import { remoteReading } from './remote-reading.ts';

/** What the repositories of one registry share. Names are our own. */
export interface Surroundings {
  known: KnownBlobs;
  open: (name: string) => RemoteRepository;
  /** What a repository of ours is called there. */
  nameThere: (name: string) => string;
  uploads: Uploads;
  /** Somebody begins an upload. */
  onUpload: () => void;
}

/** A repository whose content is in another registry. The name was checked. */
export function openBehind(surroundings: Surroundings, name: string): Repository {
  const { known, uploads } = surroundings;
  const remote = surroundings.open(name);

  const findBlob: Repository['findBlob'] = async (digest) => {
    const size = known.size(name, checkDigest(digest));
    if (size !== undefined) return { digest, size };
    const found = await inOurWords(async () => await remote.findBlob(digest));
    if (found === undefined) known.forget(name, digest);
    else known.add(name, { digest, size: found });
    return found === undefined ? undefined : { digest, size: found };
  };
  const findManifest: Repository['findManifest'] = async (reference) => {
    const found = await inOurWords(
      async () => await remote.findManifest(isDigest(reference) ? reference : checkTag(reference)),
    );
    return found && { digest: found.digest, mediaType: found.mediaType, size: found.size };
  };
  const sizeOf = async ({ digest, kind }: ManifestReference): Promise<number | undefined> =>
    // An index may name blobs too, and some registries fail when they are asked for one as a manifest.
    ((await findBlob(digest)) ?? (kind === 'manifest' ? await findManifest(digest) : undefined))?.size;

  const finish = async (id: string, digest?: string): Promise<BlobFacts> => {
    if (digest !== undefined) checkDigest(digest);
    try {
      return await uploads.finish(name, id, digest);
    } catch (error) {
      // What did not get there may be sent once more; what is not wanted there is in the way here.
      if (!isAppError(error, 'UNREACHABLE')) await uploads.cancel(name, id).catch(() => undefined);
      throw error;
    }
  };
  const start = async (): Promise<string> => {
    surroundings.onUpload();
    return await uploads.start(name);
  };

  return {
    name,
    findBlob,
    readBlob: async (digest, range) => {
      const found = await findBlob(digest);
      if (found === undefined) return undefined;
      return remoteReading(() => remote.readBlob(digest, range === undefined ? { size: found.size } : { range }));
    },
    addBlob: async (content, digest) => {
      if (content instanceof Uint8Array) return await addBytes(surroundings, { name, content, digest });
      const algorithm = digest === undefined ? undefined : algorithmOf(checkDigest(digest));
      const id = await start();
      try {
        await uploads.append(name, id, { body: content, algorithm });
        return await finish(id, digest);
      } catch (error) {
        await uploads.cancel(name, id).catch(() => undefined);
        throw error;
      }
    },
    linkBlob: async (file, digest) => {
      if ((await findBlob(digest)) !== undefined) return true;
      const path = await file();
      const stats = path === undefined ? undefined : await statIfExists(path);
      if (path === undefined || stats === undefined) return false;
      await push(surroundings, name, fileSource(path, { digest, size: stats.size }));
      return true;
    },
    mountBlob: async (digest, from, { mayRead } = {}) => {
      checkDigest(digest);
      const sources = from === undefined ? known.having(digest) : [checkRepository(from)];
      for (const source of sources) {
        const blob = await openBehind(surroundings, source).findBlob(digest);
        if (blob === undefined || (mayRead !== undefined && !(await mayRead(source)))) continue;
        if (
          source !== name &&
          !(await inOurWords(async () => await remote.mountBlob(digest, surroundings.nameThere(source))))
        )
          continue;
        known.add(name, blob);
        return true;
      }
      return false;
    },
    deleteBlob: async (digest) => {
      known.forget(name, checkDigest(digest));
      return await inOurWords(async () => await remote.deleteBlob(digest));
    },
    putManifest: async (manifest) => {
      const { stored, facts, tags } = await checkPush(manifest, sizeOf);
      const { bytes } = manifest;
      const { digest, mediaType } = stored;
      // A tag brings the manifest itself, under its SHA-256.
      const references = tags.length === 0 || algorithmOf(digest) !== 'sha256' ? [digest, ...tags] : tags;
      try {
        for (const reference of references)
          await pushingManifest(async () => await remote.pushManifest({ bytes, mediaType, reference }));
      } catch (error) {
        // Something may have been removed there that we still believed in.
        if (isAppError(error, 'INVALID_IMAGE')) known.forget(name);
        throw error;
      }
      return { ...stored, subject: facts.subject };
    },
    findManifest,
    readManifest: async ({ digest }) => {
      try {
        return (await remote.readManifest(digest)).bytes;
      } catch (error) {
        if (!isAppError(error, 'IMAGE_NOT_FOUND')) throw error;
        throw registryError('MANIFEST_UNKNOWN', error.message, { cause: error });
      }
    },
    deleteManifest: async (reference) =>
      isDigest(reference)
        ? await inOurWords(async () => await remote.deleteManifest(reference))
        : await deletingTag(async () => await remote.deleteManifest(checkTag(reference))),
    listTags: async () => ((await tagsOf(remote)) ?? []).filter((tag) => !isListOfReferrers(tag)),
    listReferrers: async (subject) => await inOurWords(async () => await remote.listReferrers(checkDigest(subject))),
    exists: async () => (await tagsOf(remote)) !== undefined,
    uploads: {
      start,
      offset: async (id) => await uploads.offset(name, id),
      append: async (id, piece) => await uploads.append(name, id, piece),
      finish,
      cancel: async (id) => await uploads.cancel(name, id),
    },
  };
}

/** Brings a file there that was held against its digest, and removes it here. False if it is not there (any more). */
export async function pushFile(
  surroundings: Surroundings,
  { name, file, blob }: { name: string; file: string; blob: BlobFacts },
): Promise<boolean> {
  if ((await statIfExists(file)) === undefined) return false;
  await push(surroundings, name, fileSource(file, blob));
  await removeFile(file);
  return true;
}

async function addBytes(
  surroundings: Surroundings,
  { name, content, digest }: { name: string; content: Uint8Array; digest: string | undefined },
): Promise<BlobFacts> {
  const actual = digestOf(content, digest === undefined ? 'sha256' : algorithmOf(checkDigest(digest)));
  if (digest !== undefined && digest !== actual)
    throw registryError('DIGEST_INVALID', `what was sent has the digest \`${actual}\`, not \`${digest}\``);
  const blob = { digest: actual, size: content.length };
  const open = async function* (start: number): AsyncIterableIterator<Uint8Array> {
    yield await Promise.resolve(content.subarray(start));
  };
  await push(surroundings, name, { ...blob, open });
  return blob;
}

async function push({ open, known }: Surroundings, name: string, source: BlobSource): Promise<void> {
  await inOurWords(async () => await open(name).pushBlob(source));
  known.add(name, { digest: source.digest, size: source.size });
}

function fileSource(path: string, blob: BlobFacts): BlobSource {
  const open = async function* (start: number): AsyncIterableIterator<Uint8Array> {
    try {
      yield* readFileRange(path, { start });
    } catch (error) {
      throw fsErrorToAppError(error, `read \`${path}\``);
    }
  };
  return { ...blob, open };
}

/** Where a registry keeps no referrers, the list of them is a tag there (specification, "Referrers Tag Schema"): nobody here gave it. */
function isListOfReferrers(tag: string): boolean {
  return /^sha(?:256|512)-[0-9a-f]{64}$/.test(tag);
}

/** Undefined if nobody ever tagged anything there. */
async function tagsOf(remote: RemoteRepository): Promise<string[] | undefined> {
  try {
    return await inOurWords(async () => await remote.listTags());
  } catch (error) {
    if (isAppError(error, 'IMAGE_NOT_FOUND')) return undefined;
    throw error;
  }
}
