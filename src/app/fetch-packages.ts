import { copyFile } from 'node:fs/promises';
import { AppError } from '../errors/index.ts';
import { pathExists } from '../io/index.ts';
import { type Step, step } from '../report/index.ts';
import type { Lock, PypiPackage } from '../schema/index.ts';
import type { UnpackedWheel } from '../store/index.ts';
import type { App } from './app.ts';
import type { PypiChannel } from './pypi-channel.ts';

/** So many downloads at once; unpacking goes on beside them. */
const parallel = 8;

/**
 * Brings every package of a lock into the store, unpacked: what is there is used; then what the workspace keeps; then the index.
 * `addresses` are the indexes that the definition names; their credentials hold. The largest come first, so that none is left alone at the end.
 */
export async function fetchPackages(
  app: App,
  lock: Lock,
  addresses: readonly string[],
): Promise<Map<string, UnpackedWheel>> {
  const wheels = new Map<string, UnpackedWheel>();
  const missing: PypiPackage[] = [];
  for (const pkg of lock.packages.filter((each) => each.kind === 'pypi')) {
    const wheel = await app.store.findWheel(pkg.sha256);
    if (wheel === undefined) missing.push(pkg);
    else wheels.set(pkg.sha256, wheel);
  }
  if (missing.length === 0) return wheels;
  const { openPypiChannel } = await import('./pypi-channel.ts');
  const channel = await openPypiChannel(app, addresses);
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  try {
    await step(
      app.emit,
      `Fetching ${missing.length} packages`,
      async (current) => await fetchAll({ app, channel, missing, total, wheels, current }),
      { unit: 'bytes', total },
    );
  } finally {
    await channel.http.close();
  }
  return wheels;
}

interface FetchAll {
  app: App;
  channel: PypiChannel;
  missing: PypiPackage[];
  total: number;
  wheels: Map<string, UnpackedWheel>;
  current: Step;
}

async function fetchAll({ app, channel, missing, total, wheels, current }: FetchAll): Promise<void> {
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
      const { sha256, filename, size } = pkg;
      signal.throwIfAborted();
      await fetchOne(app, channel, pkg, { signal, onProgress: (bytes) => report(sha256, bytes) });
      report(sha256, size);
      const unpacked = app.store.ensureWheel(sha256, filename).then((wheel) => {
        wheels.set(sha256, wheel);
      });
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

async function fetchOne(
  app: App,
  channel: PypiChannel,
  pkg: PypiPackage,
  options: { signal: AbortSignal; onProgress(bytes: number): void },
): Promise<void> {
  const { fetchWheel } = await import('../channels/pypi/index.ts');
  const workspace = await app.openWorkspace();
  await app.store.ensureArchive(pkg, async (file) => {
    const kept = workspace.blobs.path(pkg.sha256);
    if (await pathExists(kept)) {
      await copyFile(kept, file);
      return;
    }
    if (pkg.url === undefined && pkg.index === undefined) {
      throw new AppError(
        'CORRUPT_STORE',
        `\`${pkg.filename}\` was built here or came with the definition, and this workspace does not have it any more`,
        {
          hint: `Lock again (\`terroir env lock --relock\`), or restore \`${kept}\` from a backup.`,
        },
      );
    }
    await fetchWheel(pkg, file, { http: channel.http, places: channel.places, env: app.env, ...options });
  });
}
