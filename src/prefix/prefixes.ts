import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../errors/index.ts';
import { fsErrorToAppError, listFolder, removeTree, withFileLock, withFsErrors, writeAtomically } from '../io/index.ts';
import type { InstallPlan, PlanPython } from '../plan/index.ts';
import { canonicalJson, sha256 } from '../schema/index.ts';
import { discard, type Store } from '../store/index.ts';
import { startLinkThread } from './link-thread.ts';
import { archivesOf, readManifest, writeManifest } from './manifest.ts';
import { MissingInStore, materialise } from './materialise.ts';
import { damageFile, isUsable, lastUse, markUsed, type PrefixFile, prefixFile, readPrefixFile } from './prefix-file.ts';
import { type Damage, verifyPrefix } from './verify-prefix.ts';

/** Number of the layout of a prefix: another one makes all prefixes anew. */
const layout = 2;
/** The same for prefixes of conda packages. */
const condaLayout = 1;
const day = 86_400_000;

/** An environment as a directory on this machine. */
export interface Prefix {
  key: string;
  /** Absolute. */
  path: string;
  /** `<path>/bin/python` */
  python: string;
  lockDigest: string;
  /** "3.11.7"; '' for conda packages without a Python among them. */
  pythonVersion: string;
  /** Of all its files, shared ones included. */
  bytes: number;
  /** Of those that only it has. */
  ownBytes: number;
  files: number;
  /** What a user should know of it: `InstallPlan.notes`. */
  notes: readonly string[];
}

export interface PrefixGcOptions {
  /** Digests of locks whose prefixes stay whatever their age. */
  keepLocks: ReadonlySet<string>;
  /** Prefixes that were used within so many days stay. */
  olderThanDays: number;
  dryRun?: boolean;
}

export interface Prefixes {
  /**
   * What names a prefix: the lock, the machine's interpreter (undefined if conda packages bring their own), and the version of our layout. All keys
   * have the same length, and so have the paths of a store's prefixes, which conda's binaries must have room for.
   */
  key(lockDigest: string, python: PlanPython | undefined): string;
  /** The prefix if it is made, not known to be damaged, and its interpreter is still there. Reads two small things. */
  find(key: string): Promise<Prefix | undefined>;
  /**
   * The prefix, made if it is not there, made again if `verify` found damage. One process makes it, others wait; no `gc` can come between.
   * `makePlan` gets the path that the prefix will have, and brings what the plan needs into the store. Before a repair the store drops what is
   * damaged there too, and `makePlan` is called after that: also a second time, if the damage shows only then.
   * @throws AppError DISK_FULL, and what `makePlan` throws.
   */
  ensure(
    key: string,
    makePlan: (path: string) => Promise<InstallPlan>,
    options?: { signal?: AbortSignal; onWait?: () => void },
  ): Promise<{ prefix: Prefix; outcome: 'cached' | 'made' | 'repaired' }>;
  /** Compares every file with its digest, and marks a damaged prefix. Python's `__pycache__` does not count. */
  verify(key: string): Promise<{ checked: number; damaged: Damage[] }>;
  remove(key: string): Promise<boolean>;
  list(): Promise<(Prefix & { lastUsed: number })[]>;
  /** Removes prefixes that nobody keeps and nobody used lately, and what is no prefix any more. The bytes are those that only they have. */
  gc(options: PrefixGcOptions): Promise<{ removed: { count: number; bytes: number } }>;
}

type EnsureOptions = NonNullable<Parameters<Prefixes['ensure']>[2]>;

export function createPrefixes({ root, store }: { root: string; store: Store }): Prefixes {
  const folderOf = (key: string): string => join(root, 'prefixes', key);

  const find = async (key: string): Promise<Prefix | undefined> => {
    const path = folderOf(key);
    const file = readPrefixFile(path);
    if (file === undefined || !isUsable(file)) return undefined;
    markUsed(path);
    return toPrefix(file);
  };
  const make = async (
    key: string,
    makePlan: (path: string) => Promise<InstallPlan>,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const path = folderOf(key);
    const thread = startLinkThread();
    try {
      let plan = await makePlan(path);
      for (let attempt = 1; ; attempt += 1) {
        signal?.throwIfAborted();
        try {
          return await build({ root, key, plan, thread, signal });
        } catch (error) {
          if (!(error instanceof MissingInStore)) throw error;
          // Somebody took a file out of the store, or the disk lost it.
          const dropped = await dropDamaged(archivesOfPlan(plan));
          if (attempt > 1 || dropped.length === 0)
            throw new AppError('CORRUPT_STORE', error.message, {
              hint: '`terroir cache verify` drops what is damaged.',
              cause: error.cause,
            });
          plan = await makePlan(path);
        }
      }
    } finally {
      thread?.stop();
    }
  };
  /** A change in place went through a hard link: the store has it too, and so have other prefixes. */
  const dropDamaged = async (archives: readonly string[]): Promise<string[]> => {
    const dropped = new Set(await store.dropDamaged(archives));
    if (dropped.size === 0) return [];
    for (const { name } of await listFolder(join(root, 'prefixes'))) {
      const path = folderOf(name);
      const manifest = readManifest(path, readPrefixFile(path)?.manifest);
      if (manifest !== undefined && archivesOf(manifest).some((each) => dropped.has(each)))
        await markDamaged(path, 'a package that the store has dropped');
    }
    return [...dropped];
  };
  const repair = async (
    key: string,
    makePlan: (path: string) => Promise<InstallPlan>,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const path = folderOf(key);
    const manifest = readManifest(path, readPrefixFile(path)?.manifest);
    const suspects = manifest === undefined ? archivesOfPlan(await makePlan(path)) : archivesOf(manifest);
    await dropDamaged(suspects);
    await make(key, makePlan, signal);
  };
  const ensureLocked = async (
    key: string,
    makePlan: (path: string) => Promise<InstallPlan>,
    { signal }: EnsureOptions,
  ): Promise<{ prefix: Prefix; outcome: 'cached' | 'made' | 'repaired' }> => {
    const meanwhile = await find(key);
    if (meanwhile !== undefined) return { prefix: meanwhile, outcome: 'cached' };
    const outcome = existsSync(folderOf(key)) ? 'repaired' : 'made';
    if (outcome === 'repaired') await repair(key, makePlan, signal);
    else await make(key, makePlan, signal);
    const prefix = await find(key);
    if (prefix !== undefined) return { prefix, outcome };
    throw new AppError('PYTHON_NOT_FOUND', `the interpreter of the prefix \`${folderOf(key)}\` cannot be run`, {
      hint: '`terroir doctor` lists the interpreters of this machine.',
    });
  };

  return {
    find,
    key: (lockDigest, python) => {
      const facts =
        python === undefined
          ? { condaLayout, lockDigest }
          : { layout, lockDigest, executable: python.executable, version: python.version };
      return sha256(canonicalJson(facts)).slice(0, 32);
    },
    ensure: async (key, makePlan, options = {}) => {
      const there = await find(key);
      if (there !== undefined) return { prefix: there, outcome: 'cached' };
      const { signal, onWait } = options;
      return await store.whileInstalling(
        async () =>
          await withFileLock(
            join(root, 'locks', `prefix-${key}`),
            async () => await ensureLocked(key, makePlan, options),
            { signal, onWait },
          ),
        { signal, onWait },
      );
    },
    verify: async (key) => {
      const path = folderOf(key);
      const result = await verifyPrefix(path, readPrefixFile(path)?.manifest);
      const [first] = result.damaged;
      if (first !== undefined && existsSync(path)) await markDamaged(path, first.path);
      return result;
    },
    remove: async (key) => await discard(root, folderOf(key)),
    list: async () => {
      const found: (Prefix & { lastUsed: number })[] = [];
      for (const { name } of await listFolder(join(root, 'prefixes'))) {
        const file = readPrefixFile(folderOf(name));
        const lastUsed = lastUse(folderOf(name));
        if (file !== undefined && lastUsed !== undefined) found.push({ ...toPrefix(file), lastUsed });
      }
      return found;
    },
    gc: async ({ keepLocks, olderThanDays, dryRun = false }) => {
      const removed = { count: 0, bytes: 0 };
      const limit = Date.now() - olderThanDays * day;
      const collect = async (): Promise<void> => {
        for (const { name } of await listFolder(join(root, 'prefixes'))) {
          const file = readPrefixFile(folderOf(name));
          if (file !== undefined && (keepLocks.has(file.lockDigest) || (lastUse(folderOf(name)) ?? 0) > limit))
            continue;
          removed.count += 1;
          removed.bytes += file?.ownBytes ?? 0;
          if (!dryRun) await discard(root, folderOf(name));
        }
      };
      await (dryRun ? collect() : store.whileNobodyInstalls(collect));
      return { removed };
    },
  };
}

/** Builds the prefix aside, and puts it in its place. */
async function build({
  root,
  key,
  plan,
  thread,
  signal,
}: {
  root: string;
  key: string;
  plan: InstallPlan;
  thread: ReturnType<typeof startLinkThread>;
  signal: AbortSignal | undefined;
}): Promise<void> {
  const path = join(root, 'prefixes', key);
  // Only who holds the prefix's lock comes here: what stands there was left by a process that died.
  const temporary = join(root, 'tmp', `prefix-${key}`);
  await removeTree(temporary);
  try {
    await withFsErrors(`make the folder \`${temporary}\``, async () => mkdirSync(temporary, { recursive: true }));
    const { digests, ...made } = await materialise(plan, temporary, thread, signal);
    signal?.throwIfAborted();
    try {
      const file: PrefixFile = {
        key,
        path,
        lockDigest: plan.lockDigest,
        pythonVersion: plan.python?.version ?? '',
        interpreter: ownsPython(plan) ? '' : (plan.python?.executable ?? ''),
        ...made,
        ...(plan.notes.length === 0 ? {} : { notes: [...plan.notes] }),
        manifest: writeManifest(plan, temporary, digests),
      };
      writeFileSync(prefixFile(temporary), JSON.stringify(file));
      if (existsSync(path)) await discard(root, path);
      mkdirSync(dirname(path), { recursive: true });
      renameSync(temporary, path);
    } catch (error) {
      throw fsErrorToAppError(error, `make the environment in \`${path}\``);
    }
  } finally {
    await removeTree(temporary);
  }
}

/** Packages brought it: it is there as they are. */
function ownsPython({ python, prefix }: InstallPlan): boolean {
  return python === undefined || python.executable.startsWith(`${prefix}/`);
}

function archivesOfPlan({ trees }: InstallPlan): string[] {
  return [...new Set(trees.map(({ archive }) => archive))];
}

async function markDamaged(path: string, what: string): Promise<void> {
  await writeAtomically(damageFile(path), `${what}\n`);
}

function toPrefix({ key, path, lockDigest, pythonVersion, files, bytes, ownBytes, notes = [] }: PrefixFile): Prefix {
  return { key, path, python: join(path, 'bin', 'python'), lockDigest, pythonVersion, files, bytes, ownBytes, notes };
}
