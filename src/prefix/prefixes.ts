import { access, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors/index.ts';
import {
  createTemporaryFolder,
  listFolder,
  pathExists,
  readTextIfExists,
  removeTree,
  renameOver,
  statIfExists,
  withFileLock,
  withFsErrors,
  writeAtomically,
} from '../io/index.ts';
import type { InstallPlan, PlanPython } from '../plan/index.ts';
import { canonicalJson, sha256 } from '../schema/index.ts';
import type { Store } from '../store/index.ts';
import { materialise } from './materialise.ts';
import { type Damage, verifyPrefix } from './verify-prefix.ts';

/** Number of the layout of a prefix: another one makes all prefixes anew. */
const layout = 1;

const Manifest = z.object({
  key: z.string(),
  path: z.string(),
  lockDigest: z.string(),
  pythonVersion: z.string(),
  interpreter: z.string(),
  files: z.number(),
  bytes: z.number(),
});

/** An environment as a directory on this machine. */
export interface Prefix {
  key: string;
  /** Absolute. */
  path: string;
  /** `<path>/bin/python` */
  python: string;
  lockDigest: string;
  /** "3.11.7" */
  pythonVersion: string;
  /** Of all its files, shared ones included. */
  bytes: number;
  files: number;
}

export interface Prefixes {
  /** What names a prefix: the lock, the interpreter, and the version of our layout. */
  key(lockDigest: string, python: PlanPython): string;
  /** The prefix if it is made, not known to be damaged, and its interpreter is still there. Reads two small things. */
  find(key: string): Promise<Prefix | undefined>;
  /**
   * The prefix, made if it is not there, made again if `verify` found damage. One process makes it, others wait.
   * `makePlan` gets the path that the prefix will have. @throws AppError DISK_FULL, and what `makePlan` throws.
   */
  ensure(
    key: string,
    makePlan: (path: string) => Promise<InstallPlan>,
    options?: { signal?: AbortSignal; onWait?: () => void },
  ): Promise<{ prefix: Prefix; outcome: 'cached' | 'made' | 'repaired' }>;
  /** True if `verify` found damage, which may have gone through hard links into the store. */
  isDamaged(key: string): Promise<boolean>;
  /** Compares every file with its digest, and marks a damaged prefix. Python's `__pycache__` does not count. */
  verify(key: string): Promise<{ checked: number; damaged: Damage[] }>;
  remove(key: string): Promise<boolean>;
  list(): Promise<(Prefix & { lastUsed: number })[]>;
}

export function createPrefixes({ root, store }: { root: string; store: Store }): Prefixes {
  const folderOf = (key: string): string => join(root, 'prefixes', key);
  const own = (path: string, name: string): string => join(path, '.terroir', name);

  const read = async (key: string): Promise<Prefix | undefined> => {
    const text = await readTextIfExists(own(folderOf(key), 'prefix.json'));
    const manifest = Manifest.safeParse(parse(text));
    if (!manifest.success) return undefined;
    const { path, lockDigest, pythonVersion, files, bytes } = manifest.data;
    return { key, path, python: join(path, 'bin', 'python'), lockDigest, pythonVersion, files, bytes };
  };
  const find = async (key: string): Promise<Prefix | undefined> => {
    const prefix = await read(key);
    if (prefix === undefined || prefix.path !== folderOf(key)) return undefined;
    if (!(await isRunnable(prefix.python)) || (await pathExists(own(prefix.path, 'damaged')))) return undefined;
    const time = new Date();
    await utimes(own(prefix.path, 'prefix.json'), time, time).catch(() => undefined);
    return prefix;
  };
  const make = async (
    key: string,
    makePlan: (path: string) => Promise<InstallPlan>,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const path = folderOf(key);
    const plan = await makePlan(path);
    signal?.throwIfAborted();
    const temporary = await createTemporaryFolder(join(root, 'tmp'), 'prefix-');
    try {
      const { files, bytes } = await materialise(plan, temporary, store);
      const manifest = plan.entries.map(({ path: entry, content, sha256: digest }) => [
        entry,
        digest,
        content.kind === 'link' ? content.target : null,
      ]);
      await writeAtomically(own(temporary, 'manifest.json'), JSON.stringify(manifest));
      const facts = {
        key,
        path,
        lockDigest: plan.lockDigest,
        pythonVersion: plan.python.version,
        interpreter: plan.python.executable,
        files,
        bytes,
      };
      await writeAtomically(own(temporary, 'prefix.json'), JSON.stringify(facts));
      if (await pathExists(path)) await setAside(root, path);
      await renameOver(temporary, path);
    } finally {
      await removeTree(temporary);
    }
  };

  return {
    find,
    key: (lockDigest, python) =>
      sha256(canonicalJson({ layout, lockDigest, executable: python.executable, version: python.version })).slice(
        0,
        32,
      ),
    ensure: async (key, makePlan, options = {}) => {
      const there = await find(key);
      if (there !== undefined) return { prefix: there, outcome: 'cached' };
      return await withFileLock(
        join(root, 'locks', `prefix-${key}`),
        async () => {
          const meanwhile = await find(key);
          if (meanwhile !== undefined) return { prefix: meanwhile, outcome: 'cached' as const };
          const outcome = (await pathExists(folderOf(key))) ? ('repaired' as const) : ('made' as const);
          await make(key, makePlan, options.signal);
          const prefix = await find(key);
          if (prefix === undefined)
            throw new AppError('PYTHON_NOT_FOUND', `the interpreter of the prefix \`${folderOf(key)}\` cannot be run`, {
              hint: '`terroir doctor` lists the interpreters of this machine.',
            });
          return { prefix, outcome };
        },
        { signal: options.signal, onWait: options.onWait },
      );
    },
    isDamaged: async (key) => await pathExists(own(folderOf(key), 'damaged')),
    verify: async (key) => {
      const result = await verifyPrefix(folderOf(key), own(folderOf(key), 'manifest.json'));
      if (result.damaged.length > 0 && (await pathExists(folderOf(key))))
        await writeAtomically(own(folderOf(key), 'damaged'), `${result.damaged[0]?.path ?? ''}\n`);
      return result;
    },
    remove: async (key) => {
      if (!(await pathExists(folderOf(key)))) return false;
      await setAside(root, folderOf(key));
      return true;
    },
    list: async () => {
      const found: (Prefix & { lastUsed: number })[] = [];
      for (const { name } of await listFolder(join(root, 'prefixes'))) {
        const prefix = await read(name);
        const stats = await statIfExists(own(folderOf(name), 'prefix.json'));
        if (prefix !== undefined && stats !== undefined) found.push({ ...prefix, lastUsed: stats.mtimeMs });
      }
      return found;
    },
  };
}

/** Takes a prefix away by a rename, so that nobody sees half of it. */
async function setAside(root: string, path: string): Promise<void> {
  const away = await createTemporaryFolder(join(root, 'tmp'), 'gone-');
  await withFsErrors(`remove \`${path}\``, async () => await renameOver(path, join(away, 'prefix')));
  await removeTree(away);
}

async function isRunnable(path: string): Promise<boolean> {
  try {
    await access(path, 1);
    return true;
  } catch {
    return false;
  }
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
