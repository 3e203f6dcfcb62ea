import { copyFile } from 'node:fs/promises';
import { AppError, isAppError } from '../../errors/index.ts';
import { formatCount, type Step, step } from '../../report/index.ts';
import { addressesOf } from '../../resolve/index.ts';
import type { CondaPackage, Definition, Lock, LockedPackage, PypiPackage } from '../../schema/index.ts';
import type { UnpackedConda, UnpackedWheel } from '../../store/index.ts';
import type { Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import type { CondaChannel } from './conda-channel.ts';
import type { PypiChannel } from './pypi-channel.ts';

/** So many downloads at once; unpacking goes on beside them. */
const parallel = 8;

/** Prefixes are linked to what was unpacked; layers are made of the archives. */
export type WheelForm = 'unpacked' | 'archives';

export interface FetchPackagesOptions {
  wheels?: WheelForm;
  /** An archive is in the store; others are still on their way. */
  onArchive?: (sha256: string) => void;
}

/** The packages of a lock in the store, unpacked, by the archive's SHA-256. */
export interface FetchedPackages {
  wheels: Map<string, UnpackedWheel>;
  conda: Map<string, UnpackedConda>;
}

/**
 * Brings every package of a lock into the store, unpacked (wheels only if that is asked for): what is there is used; then what the workspace keeps; then the
 * index or channel. What the definition says of addresses and channels holds. The largest come first, so that none is left alone at the end.
 */
export async function fetchPackages(
  app: App,
  lock: Lock,
  definition: Definition,
  { wheels = 'unpacked', onArchive = () => undefined }: FetchPackagesOptions = {},
): Promise<FetchedPackages> {
  const fetched: FetchedPackages = { wheels: new Map(), conda: new Map() };
  const missing: LockedPackage[] = [];
  for (const pkg of lock.packages) {
    if (await isThere(app, pkg, { fetched, wheels })) onArchive(pkg.sha256);
    else missing.push(pkg);
  }
  if (missing.length === 0) return fetched;
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  const sources = openSources(app, lock, definition);
  try {
    await step(
      app.emit,
      `Fetching ${formatCount(missing.length, 'package')}`,
      async (current) => await fetchAll({ app, sources, missing, total, fetched, wheels, onArchive, current }),
      { unit: 'bytes', total },
    );
  } finally {
    await sources.close();
  }
  return fetched;
}

async function isThere(
  { store }: App,
  { kind, sha256 }: LockedPackage,
  { fetched, wheels }: { fetched: FetchedPackages; wheels: WheelForm },
): Promise<boolean> {
  if (kind === 'conda') {
    const found = await store.findConda(sha256);
    if (found !== undefined) fetched.conda.set(sha256, found);
    return found !== undefined;
  }
  if (wheels === 'archives') return await store.hasArchive(sha256);
  const found = await store.findWheel(sha256);
  if (found !== undefined) fetched.wheels.set(sha256, found);
  return found !== undefined;
}

/** Indexes and channels, each opened when the first package has to come from there. */
interface Sources {
  pypi(): Promise<PypiChannel>;
  conda(): Promise<CondaChannel>;
  close(): Promise<void>;
}

function openSources(app: App, lock: Lock, definition: Definition): Sources {
  let pypi: Promise<PypiChannel> | undefined;
  let conda: Promise<CondaChannel> | undefined;
  return {
    pypi: async () => {
      pypi ??= import('./pypi-channel.ts').then(
        async ({ openPypiChannel }) => await openPypiChannel(app, addressesOf(definition)),
      );
      return await pypi;
    },
    conda: async () => {
      conda ??= import('./conda-channel.ts').then(async ({ openCondaChannel, nameChannels }) => {
        const channel = await openCondaChannel(app);
        nameChannels(app, channel, { definition, lock });
        return channel;
      });
      return await conda;
    },
    close: async () => {
      for (const channel of await Promise.allSettled([pypi, conda]))
        if (channel.status === 'fulfilled') await channel.value?.http.close();
    },
  };
}

interface FetchAll {
  app: App;
  sources: Sources;
  missing: LockedPackage[];
  total: number;
  fetched: FetchedPackages;
  wheels: WheelForm;
  onArchive: (sha256: string) => void;
  current: Step;
}

async function fetchAll({
  app,
  sources,
  missing,
  total,
  fetched,
  wheels,
  onArchive,
  current,
}: FetchAll): Promise<void> {
  const queue = [...missing].sort((a, b) => b.size - a.size);
  const done = new Map<string, number>();
  const failed = new AbortController();
  const signal = AbortSignal.any([app.signal, failed.signal]);
  const report = (sha256: string, bytes: number): void => {
    done.set(sha256, bytes);
    current.progress(
      [...done.values()].reduce((sum, each) => sum + each, 0),
      total,
    );
  };
  const unpacking: Promise<void>[] = [];
  const worker = async (): Promise<void> => {
    for (let pkg = queue.shift(); pkg !== undefined; pkg = queue.shift()) {
      const { sha256, size } = pkg;
      signal.throwIfAborted();
      await fetchOne(app, sources, pkg, { signal, onProgress: (bytes) => report(sha256, bytes) });
      report(sha256, size);
      onArchive(sha256);
      if (pkg.kind === 'pypi' && wheels === 'archives') continue;
      const unpacked = unpack(app, pkg, fetched);
      // Awaited at the end; until then nobody else must see the failure.
      unpacked.catch(() => undefined);
      unpacking.push(unpacked);
    }
  };
  const workers = Array.from({ length: Math.min(parallel, queue.length) }, async () => {
    try {
      await worker();
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  const results = await Promise.allSettled(workers);
  const unpacked = await Promise.allSettled(unpacking);
  const failure =
    failed.signal.reason ?? [...results, ...unpacked].find((result) => result.status === 'rejected')?.reason;
  if (failure !== undefined) throw failure;
  current.finish('done', undefined);
}

async function unpack(
  { store }: App,
  { kind, sha256, filename }: LockedPackage,
  fetched: FetchedPackages,
): Promise<void> {
  if (kind === 'conda') fetched.conda.set(sha256, await store.ensureConda(sha256, filename));
  else fetched.wheels.set(sha256, await store.ensureWheel(sha256, filename));
}

interface FetchOptions {
  signal: AbortSignal;
  onProgress(bytes: number): void;
}

async function fetchOne(app: App, sources: Sources, pkg: LockedPackage, options: FetchOptions): Promise<void> {
  const workspace = await app.openWorkspace();
  await app.store.ensureArchive(pkg, async (file) => {
    const kept = await findKept(workspace, pkg);
    if (kept !== undefined) await copyFile(kept, file);
    else if (pkg.kind === 'conda') await fetchConda(pkg, file, { channel: await sources.conda(), ...options });
    else if (pkg.url === undefined && pkg.index === undefined) throw lost(pkg);
    else await fetchPypi(app, pkg, { file, channel: await sources.pypi(), ...options });
  });
}

/** What the workspace keeps; where that is away, a channel may still have it. */
async function findKept({ blobs }: Workspace, { sha256, url }: LockedPackage): Promise<string | undefined> {
  try {
    return await blobs.find(sha256);
  } catch (error) {
    if (url === undefined || !isAppError(error, 'UNREACHABLE')) throw error;
    return undefined;
  }
}

async function fetchConda(
  pkg: CondaPackage,
  file: string,
  { channel: { http, known }, signal, onProgress }: FetchOptions & { channel: CondaChannel },
): Promise<void> {
  const { fetchArchive } = await import('../../channels/conda/index.ts');
  const { url, sha256, size } = pkg;
  await fetchArchive({ url, sha256, size: size > 0 ? size : undefined }, file, {
    http,
    channels: known.all(),
    signal,
    onProgress,
  });
}

async function fetchPypi(
  { env }: App,
  pkg: PypiPackage,
  { file, channel: { http, places }, ...options }: FetchOptions & { file: string; channel: PypiChannel },
): Promise<void> {
  const { fetchWheel } = await import('../../channels/pypi/index.ts');
  await fetchWheel(pkg, file, { http, places, env, ...options });
}

function lost({ filename, sha256 }: PypiPackage): AppError {
  return new AppError(
    'CORRUPT_STORE',
    `\`${filename}\` was built here or came with the definition, and this workspace does not have it any more`,
    {
      hint: `Lock again (\`terroir env lock --relock\`), or restore the content ${sha256} from a backup.`,
    },
  );
}
