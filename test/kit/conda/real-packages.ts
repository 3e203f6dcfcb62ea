import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Interpreter, withFileLock } from '../../../src/io/index.ts';
import { type CondaPackageOptions, makeCondaPackage } from '../conda-package.ts';
import { defaultPython } from '../locker.ts';
import type { ChannelPackage } from './channel-package.ts';
import { readDistributions } from './distribution.ts';
import { fetchWheels } from './fetch-wheels.ts';
import { madePackages } from './made-packages.ts';
import { packPython } from './python-package.ts';
import { wheelPackage } from './wheel-package.ts';

export interface RealPackages {
  python: Interpreter;
  packages: ChannelPackage[];
  /** Why those of the index are missing, if they are. */
  without: string | undefined;
}

/** What conda channels have of PyPI's packages, for training a model. */
const fromIndex = ['scikit-learn', 'pip'];

/**
 * This machine's CPython and PyPI's scikit-learn, NumPy, SciPy … as conda packages. Made once and kept in a folder that test runs share; without an index,
 * Python and the small packages alone.
 */
export async function realPackages(): Promise<RealPackages> {
  const python = await defaultPython();
  const parent = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'terroir-test', 'conda');
  const key = `${python.version}-${(await digestOfKit(python)).slice(0, 16)}`;
  const folder = join(parent, key);
  return await withFileLock(join(parent, `${key}.lock`), async () => {
    const without = existsSync(join(folder, 'complete')) ? undefined : await make(parent, folder, python);
    return { python, packages: await readFolder(folder), without };
  });
}

async function make(parent: string, folder: string, python: Interpreter): Promise<string | undefined> {
  const work = await mkdtemp(join(parent, 'make-'));
  try {
    const made = join(work, 'made');
    await mkdir(made);
    await keep(made, await packPython(python));
    for (const options of madePackages(python)) await keep(made, options);
    const site = join(work, 'site');
    const failure = await fetchWheels(fromIndex, site, python).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (failure === undefined) {
      for (const distribution of await readDistributions(site)) await keep(made, wheelPackage(distribution, python));
      await writeFile(join(made, 'complete'), '');
    }
    await removeOld(parent);
    await rm(folder, { recursive: true, force: true });
    await rename(made, folder);
    return failure;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Those of another state of the kit, which nobody has made lately. */
async function removeOld(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const age = Date.now() - (await stat(join(parent, name))).mtimeMs;
    if (!name.endsWith('.lock') && age > 7 * 86_400_000) await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function keep(folder: string, options: CondaPackageOptions): Promise<void> {
  const { filename, bytes, record } = makeCondaPackage(options);
  await writeFile(join(folder, filename), bytes);
  await writeFile(join(folder, `${filename}.json`), JSON.stringify(record));
}

async function readFolder(folder: string): Promise<ChannelPackage[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  return await Promise.all(
    names.map(async (name) => ({
      filename: name.slice(0, -'.json'.length),
      record: JSON.parse(await readFile(join(folder, name), 'utf8')) as Record<string, unknown>,
      path: join(folder, name.slice(0, -'.json'.length)),
    })),
  );
}

/** A change of how packages are made makes new ones. */
async function digestOfKit({ executable, version }: Interpreter): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([executable, version, fromIndex]));
  for (const name of ['conda-package.ts', 'tar.ts', 'zip.ts'])
    hash.update(await readFile(join(import.meta.dirname, '..', name)));
  for (const name of (await readdir(import.meta.dirname)).sort())
    hash.update(await readFile(join(import.meta.dirname, name)));
  return hash.digest('hex');
}
