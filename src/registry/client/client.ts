import * as z from 'zod';
import { AppError, isAppError } from '../../errors/index.ts';
import type { HttpResponse } from '../../io/index.ts';
import type { Descriptor } from '../../schema/index.ts';
import { checkDigest, checkRepository, checkTag, compareTags, isDigest } from '../names.ts';
import { discard, readJson } from './failure.ts';
import { createLimit } from './limit.ts';
import { listRemoteRepositories } from './list-repositories.ts';
import { type PullOptions, pullBlob } from './pull-blob.ts';
import { type BlobSource, mountBlob, type Pushed, type PushOptions, pushBlob } from './push-blob.ts';
import {
  getManifest,
  headManifest,
  listRemoteReferrers,
  nextPath,
  putManifest,
  type RemoteManifest,
  removeManifest,
} from './remote-manifests.ts';
import { createTransport, type Place, type TransportOptions } from './transport.ts';

export interface RegistryClientOptions extends TransportOptions {
  /** Places (`host` or `host/path`) to read from before the registry itself, per registry. */
  mirrors?: Readonly<Record<string, readonly string[]>>;
  /** Blobs that move at the same time; 4 if not given. */
  parallel?: number;
}

interface Options {
  signal?: AbortSignal;
}

/** A repository somewhere else. Whatever comes from there is held against its digest. */
export interface RemoteRepository {
  /** What a tag or digest names; undefined if it is not there. Reads as little as the registry allows. */
  findManifest: (reference: string, options?: Options) => Promise<Descriptor | undefined>;
  /** @throws AppError IMAGE_NOT_FOUND, DIGEST_MISMATCH, UNSUPPORTED_FORMAT (schema 1). */
  readManifest: (reference: string, options?: Options) => Promise<RemoteManifest>;
  /** Without a reference under its digest alone. Whatever it names must have been pushed. */
  pushManifest: (
    manifest: { bytes: Uint8Array; mediaType?: string; reference?: string },
    options?: Options,
  ) => Promise<{ digest: string }>;
  /** Its size, or undefined. */
  findBlob: (digest: string, options?: Options) => Promise<number | undefined>;
  /** The bytes; they count when the stream has come to its end. @throws AppError DIGEST_MISMATCH. */
  readBlob: (digest: string, options?: PullOptions) => AsyncIterable<Uint8Array>;
  pushBlob: (source: BlobSource, options?: PushOptions) => Promise<Pushed>;
  /** Makes a blob of another repository of the registry visible here; false if it has none, or does not do that. */
  mountBlob: (digest: string, from: string, options?: Options) => Promise<boolean>;
  listTags: (options?: Options) => Promise<string[]>;
  listReferrers: (digest: string, options?: Options & { artifactType?: string }) => Promise<Descriptor[]>;
  /** By digest or tag; false if it was not there. */
  deleteManifest: (reference: string, options?: Options) => Promise<boolean>;
  deleteBlob: (digest: string, options?: Options) => Promise<boolean>;
}

export interface RegistryClient {
  /** @throws AppError INVALID_NAME. With `waits: false` its blobs move at once, however many do: for who passes on what others ask for. */
  repository: (registry: string, repository: string, options?: { waits?: boolean }) => RemoteRepository;
  /** The names of all its repositories, as the registry has them in its catalogue. @throws AppError UNSUPPORTED_FEATURE if it has none, or shows it to nobody. */
  repositories: (registry: string, options?: Options) => AsyncIterable<string>;
}

export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const transport = createTransport(options);
  // Two: who copies from one registry to another reads while it pushes.
  const limits = { reading: createLimit(options.parallel ?? 4), pushing: createLimit(options.parallel ?? 4) };
  const none = createLimit(Number.POSITIVE_INFINITY);
  const noLimits = { reading: none, pushing: none };

  const open = (registry: string, repository: string, { reading, pushing } = limits): RemoteRepository => {
    const place = (actions: string): Place => ({ registry, repository, scope: `repository:${repository}:${actions}` });
    const sources = placesToRead(registry, repository, options.mirrors?.[registry]);

    /** From the first place that can give it. */
    const fromAnywhere = async <T>(read: (source: Place) => Promise<T | undefined>): Promise<T | undefined> => {
      for (const source of sources.slice(0, -1)) {
        const found = await read(source).catch(ignoreMirror);
        if (found !== undefined) return found;
      }
      return await read(sources.at(-1) ?? place('pull'));
    };
    const head = async (digest: string, signal?: AbortSignal): Promise<HttpResponse> =>
      await transport.send(place('pull'), {
        method: 'HEAD',
        path: `blobs/${checkDigest(digest)}`,
        expect: [200, 404],
        what: `the blob \`${digest}\` of \`${repository}\``,
        signal,
      });

    return {
      findManifest: async (reference, { signal } = {}) => {
        const wanted = { reference: checkReference(reference), signal };
        return await fromAnywhere(async (source) => {
          const described = await headManifest(transport, source, wanted);
          if (described !== undefined) return described;
          const found = await getManifest(transport, source, wanted).catch(ignoreMissing);
          return found && { mediaType: found.mediaType, digest: found.digest, size: found.bytes.length };
        });
      },
      readManifest: async (reference, { signal } = {}) => {
        const wanted = { reference: checkReference(reference), signal };
        const found = await fromAnywhere(async (source) => await getManifest(transport, source, wanted));
        return found ?? (await getManifest(transport, place('pull'), wanted));
      },
      pushManifest: async (manifest, { signal } = {}) => {
        if (manifest.reference !== undefined) checkReference(manifest.reference);
        return await putManifest(transport, place('pull,push'), { ...manifest, signal });
      },
      findBlob: async (digest, { signal } = {}) => {
        const response = await head(digest, signal);
        await discard(response);
        return response.status === 200 ? Number(response.headers['content-length'] ?? 0) : undefined;
      },
      readBlob: (digest, pull = {}) =>
        reading.stream(() => readFrom(sources, { ...pull, digest: checkDigest(digest) })),
      pushBlob: async (source, push = {}) => {
        checkDigest(source.digest);
        return await pushing.run(async () => await pushBlob(transport, place('pull,push'), { ...push, source }));
      },
      mountBlob: async (digest, from, { signal } = {}) =>
        await mountBlob(transport, place('pull,push'), {
          digest: checkDigest(digest),
          from: checkRepository(from),
          signal,
        }),
      listTags: async ({ signal } = {}) => {
        const tags: string[] = [];
        let path: string | undefined = 'tags/list';
        for (const seen = new Set<string>(); path !== undefined && !seen.has(path); ) {
          seen.add(path);
          const what = `the tags of \`${repository}\``;
          const response: HttpResponse = await transport.send(place('pull'), { path, expect: [200], what, signal });
          const page = TagPage.safeParse(await readJson(response));
          if (!page.success) throw notATagList(registry, repository);
          tags.push(...(page.data.tags ?? []));
          path = nextPath(response);
        }
        // Not every registry keeps the order that the specification asks for.
        return [...new Set(tags)].sort(compareTags);
      },
      listReferrers: async (digest, { artifactType, signal } = {}) =>
        await listRemoteReferrers(transport, place('pull'), { digest: checkDigest(digest), artifactType, signal }),
      deleteManifest: async (reference, { signal } = {}) =>
        await removeManifest(transport, place('pull,push,delete'), { reference: checkReference(reference), signal }),
      deleteBlob: async (digest, { signal } = {}) => {
        const path = `blobs/${checkDigest(digest)}`;
        const what = `the blob \`${digest}\` of \`${repository}\``;
        const response = await transport.send(place('pull,push,delete'), {
          method: 'DELETE',
          path,
          expect: [200, 202, 404],
          what,
          signal,
        });
        await discard(response);
        return response.status !== 404;
      },
    };
  };

  /** Begins at the next place where one cannot give even the first byte; afterwards a failure is one. */
  async function* readFrom(sources: readonly Place[], pull: PullOptions & { digest: string }) {
    for (const [index, source] of sources.entries()) {
      let hasBegun = false;
      try {
        for await (const piece of pullBlob(transport, source, pull)) {
          hasBegun = true;
          yield piece;
        }
        return;
      } catch (error) {
        if (hasBegun || index === sources.length - 1) throw error;
        ignoreMirror(error);
      }
    }
  }

  return {
    repository: (registry, repository, { waits = true } = {}) =>
      open(registry, checkRepository(repository), waits ? limits : noLimits),
    repositories: (registry, { signal } = {}) => listRemoteRepositories(transport, registry, signal),
  };
}

const TagPage = z.looseObject({ tags: z.array(z.string()).nullish() });

function notATagList(registry: string, repository: string): AppError {
  return new AppError('HTTP_ERROR', `\`${registry}\` answers with no list of the tags of \`${repository}\``, {
    hint: 'Is it a registry? Check the address.',
  });
}

/** The mirrors, then the registry itself. */
function placesToRead(registry: string, repository: string, mirrors: readonly string[] = []): Place[] {
  const places = mirrors.map((mirror): [string, string] => {
    const [host = '', ...path] = mirror.split('/');
    return [host, [...path, repository].join('/')];
  });
  return [...places, [registry, repository] as const].map(([host, name]) => ({
    registry: host,
    repository: name,
    scope: `repository:${name}:pull`,
  }));
}

function checkReference(reference: string): string {
  return isDigest(reference) ? reference : checkTag(reference);
}

/** A mirror that fails is passed over; who interrupts means it. */
function ignoreMirror(error: unknown): undefined {
  if (!isAppError(error) || error.code === 'CANCELED' || error.code === 'OFFLINE') throw error;
}

function ignoreMissing(error: unknown): undefined {
  if (!isAppError(error, 'IMAGE_NOT_FOUND')) throw error;
}
