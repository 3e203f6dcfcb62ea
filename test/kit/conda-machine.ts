import { writeFile } from 'node:fs/promises';
import { type InstallPlan, planPrefix } from '../../src/plan/index.ts';
import { createPrefixes, type Prefix, type Prefixes } from '../../src/prefix/index.ts';
import { type CondaPackage, type Lock, sha256 } from '../../src/schema/index.ts';
import { createStore, type Store, type UnpackedConda } from '../../src/store/index.ts';
import { condaLockOf } from './conda-folder.ts';
import { type CondaPackageOptions, type MadeConda, makeCondaPackage } from './conda-package.ts';
import { bring, type Installed, lockOf } from './install.ts';

/** A conda package, and how the lock names it. */
export interface InstalledConda {
  made: Pick<MadeConda, 'filename' | 'bytes' | 'sha256'>;
  pkg: CondaPackage;
}

export type CondaOrWheel = InstalledConda | Installed;

export function condaPackage(
  options: Omit<CondaPackageOptions, 'version'> & { version?: string },
  more: Partial<CondaPackage> = {},
): InstalledConda {
  const made = makeCondaPackage({ version: '1.0', ...options });
  const { name, version = '1.0', build = '0', buildNumber = 0, noarch } = options;
  const subdir = noarch === undefined ? 'linux-64' : 'noarch';
  const pkg: CondaPackage = {
    kind: 'conda',
    name,
    version,
    build,
    buildNumber,
    filename: made.filename,
    url: `https://conda.example/channel/${subdir}/${made.filename}`,
    channel: 'channel',
    subdir,
    sha256: made.sha256,
    md5: made.md5,
    size: made.bytes.length,
    ...(noarch === undefined ? {} : { noarch }),
    depends: [...(options.depends ?? [])],
    constrains: [],
    dependencies: [],
    requested: false,
    ...more,
  };
  return { made, pkg };
}

export interface CondaMachine {
  store: Store;
  prefixes: Prefixes;
  /** How often a plan was made. */
  plans: number;
  lockOf(packages: readonly CondaOrWheel[]): Lock;
  keyOf(packages: readonly CondaOrWheel[]): string;
  bring(packages: readonly InstalledConda[]): Promise<Map<string, UnpackedConda>>;
  install(packages: readonly CondaOrWheel[]): Promise<{ prefix: Prefix; outcome: 'cached' | 'made' | 'repaired' }>;
}

/** A store below `root` and its prefixes, for conda packages and wheels on top of them. */
export function createCondaMachine(root: string): CondaMachine {
  const store = createStore({ root, threads: 2 });
  const prefixes = createPrefixes({ root, store });
  const condaIn = (packages: readonly CondaOrWheel[]): InstalledConda[] =>
    packages.filter((each): each is InstalledConda => 'made' in each);
  const wheelsIn = (packages: readonly CondaOrWheel[]): Installed[] =>
    packages.filter((each): each is Installed => !('made' in each));
  const machine: CondaMachine = {
    store,
    prefixes,
    plans: 0,
    lockOf: (packages) =>
      condaLockOf([...condaIn(packages).map(({ pkg }) => pkg), ...lockOf(wheelsIn(packages)).packages]),
    keyOf: (packages) => prefixes.key(machine.lockOf(packages).digest, undefined),
    bring: async (packages) => {
      const found = packages.map(async ({ made: { filename, bytes, sha256 } }) => {
        await store.ensureArchive({ sha256, filename }, async (file) => await writeFile(file, bytes));
        return [sha256, await store.ensureConda(sha256, filename)] as const;
      });
      return new Map(await Promise.all(found));
    },
    install: async (packages) => {
      const makePlan = async (prefix: string): Promise<InstallPlan> => {
        machine.plans += 1;
        return planPrefix({
          lock: machine.lockOf(packages),
          wheels: await bring(store, wheelsIn(packages)),
          conda: await machine.bring(condaIn(packages)),
          prefix,
          archiveFile: (sha256) => store.archivePath(sha256),
        });
      };
      return await prefixes.ensure(machine.keyOf(packages), makePlan);
    },
  };
  return machine;
}

/** A package as its file name describes it. */
export function readCondaPackage(filename: string, bytes: Buffer, more: Partial<CondaPackage> = {}): InstalledConda {
  const [, name = '', version = '', build = ''] = /^(.+)-([^-]+)-([^-]+)\.(?:conda|tar\.bz2)$/.exec(filename) ?? [];
  const digest = sha256(bytes);
  const pkg: CondaPackage = {
    kind: 'conda',
    name,
    version,
    build,
    buildNumber: 0,
    filename,
    url: `https://conda.example/channel/noarch/${filename}`,
    channel: 'channel',
    subdir: 'noarch',
    sha256: digest,
    size: bytes.length,
    depends: [],
    constrains: [],
    dependencies: [],
    requested: false,
    ...more,
  };
  return { made: { filename, bytes, sha256: digest }, pkg };
}
