import { isAppError } from '../../errors/index.ts';
import type { RegistryClient } from '../client/client.ts';
import { checkRepository } from '../names.ts';
import { registryError } from '../registry-error.ts';
import type { Registry } from '../store/registry.ts';
import { createUploads } from '../store/uploads.ts';
import { createKnownBlobs } from './known-blobs.ts';
import { removeLoose } from './remove-loose.ts';
import { openBehind, pushFile, type Surroundings } from './repository-behind.ts';
import { createSpool } from './spool.ts';

export interface RemoteRegistryOptions {
  /** The registry, with its port, as references name it. */
  host: string;
  /** What stands before the names of our repositories there; empty for nothing. */
  prefix: string;
  /** A folder of this machine, for what is on its way there. */
  folder: string;
  /** Names of repositories below the prefix that are none of ours. */
  reserved?: readonly string[];
  /** Milliseconds for which what nobody names stays; a day if not given. */
  grace?: number;
  /** Milliseconds after its last byte in which an upload may be gone on with; a day if not given. */
  uploadLifetime?: number;
}

const day = 24 * 60 * 60_000;
const hour = 60 * 60_000;

/**
 * A registry that keeps everything in another one: the repository `name` is `<prefix>/<name>` there. That one decides what is kept and for how long; any
 * that follows the OCI specification and takes names of several components will do. Of an upload in several steps this machine has what came until it
 * is whole: all its steps have to come to the same machine, and to another one it is unknown.
 */
export function createRemoteRegistry(
  client: RegistryClient,
  { host, prefix, folder, reserved = [], grace = day, uploadLifetime = day }: RemoteRegistryOptions,
): Registry {
  const spool = createSpool(folder);
  const nameThere = (name: string): string => (prefix === '' ? name : `${prefix}/${name}`);
  const surroundings: Surroundings = {
    known: createKnownBlobs(),
    // Whoever asks us waits for us: one that takes its time must not hold up the others.
    open: (name) => client.repository(host, nameThere(name), { waits: false }),
    nameThere,
    uploads: createUploads({
      path: spool.path,
      keep: async (name, file, blob) => await pushFile(surroundings, { name, file, blob }),
      lifetime: uploadLifetime,
    }),
    onUpload: hourly(async () => await spool.sweep({ before: Date.now() - uploadLifetime })),
  };

  async function* repositories(): AsyncIterableIterator<string> {
    const start = nameThere('');
    try {
      for await (const there of client.repositories(host)) {
        const name = there.slice(start.length);
        if (there.startsWith(start) && !reserved.includes(name)) yield name;
      }
    } catch (error) {
      if (!isAppError(error, 'UNSUPPORTED_FEATURE')) throw error;
      throw registryError('UNSUPPORTED', error.message, { cause: error });
    }
  }

  const registry: Registry = {
    root: nameThere('') === '' ? host : `${host}/${prefix}`,
    repository: (name) => {
      // Both: the whole may be too long.
      checkRepository(nameThere(checkRepository(name)));
      if (reserved.includes(name)) throw registryError('NAME_INVALID', `\`${name}\` is no repository of images`);
      return openBehind(surroundings, name);
    },
    repositories,
    collectGarbage: async (options = {}) => {
      const { dryRun } = options;
      const old = await spool.sweep({ before: Date.now() - uploadLifetime, dryRun });
      const manifests = await removeLoose(registry, { folder, grace, ...options });
      return { removed: 0, bytes: old.bytes, manifests, unlinked: 0, uploads: old.count };
    },
    measure: spool.measure,
    verify: async () => await Promise.resolve({ checked: 0, damaged: [] }),
  };
  return registry;
}

/** Not awaited, and no more than once an hour: nobody has to wait for it, or to care whether it worked. */
function hourly(work: () => Promise<unknown>): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (Date.now() - last < hour) return;
    last = Date.now();
    work().catch(() => undefined);
  };
}
