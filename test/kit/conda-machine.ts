import { type InstallPlan, planPrefix } from '../../src/plan/index.ts';
import { createPrefixes, type Prefix, type Prefixes } from '../../src/prefix/index.ts';
import { createStore, type Store } from '../../src/store/index.ts';
import { type CondaFolder, condaLockOf } from './conda-folder.ts';
import { bring, type Installed, lockOf } from './install.ts';

export type CondaOrWheel = CondaFolder | Installed;

export interface CondaMachine {
  store: Store;
  prefixes: Prefixes;
  keyOf(packages: readonly CondaOrWheel[]): string;
  install(packages: readonly CondaOrWheel[]): Promise<{ prefix: Prefix; outcome: 'cached' | 'made' | 'repaired' }>;
}

/** A store below `root` and its prefixes, for unpacked packages (`makeCondaFolder`) and wheels on top of them. */
export function createCondaMachine(root: string): CondaMachine {
  const store = createStore({ root, threads: 1 });
  const prefixes = createPrefixes({ root, store });
  const split = (packages: readonly CondaOrWheel[]): { conda: CondaFolder[]; wheels: Installed[] } => ({
    conda: packages.filter((each): each is CondaFolder => 'unpacked' in each),
    wheels: packages.filter((each): each is Installed => !('unpacked' in each)),
  });
  const lock = (packages: readonly CondaOrWheel[]): ReturnType<typeof condaLockOf> => {
    const { conda, wheels } = split(packages);
    return condaLockOf([...conda.map(({ pkg }) => pkg), ...lockOf(wheels).packages]);
  };
  const keyOf = (packages: readonly CondaOrWheel[]): string => prefixes.key(lock(packages).digest, undefined);
  return {
    store,
    prefixes,
    keyOf,
    install: async (packages) => {
      const { conda, wheels } = split(packages);
      const makePlan = async (prefix: string): Promise<InstallPlan> =>
        planPrefix({
          lock: lock(packages),
          wheels: await bring(store, wheels),
          conda: new Map(conda.map(({ unpacked }) => [unpacked.sha256, unpacked])),
          prefix,
          archiveFile: (sha256) => store.archivePath(sha256),
        });
      return await prefixes.ensure(keyOf(packages), makePlan);
    },
  };
}
