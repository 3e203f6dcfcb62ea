import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type InstallPlan, type PlanPython, planPrefix } from '../../src/plan/index.ts';
import { createPrefixes, type Prefix } from '../../src/prefix/index.ts';
import { canonicalJson, type Lock, type PypiPackage, sha256 } from '../../src/schema/index.ts';
import { createStore, type Store, type UnpackedWheel } from '../../src/store/index.ts';
import type { MadeWheel } from './wheel.ts';

/** A wheel, and how the lock shall name it. */
export type Installed = MadeWheel & { name: string; version: string } & Partial<PypiPackage>;

/** A Python that no test of files and folders has to run. */
export const paperPython: PlanPython = {
  minor: '3.12',
  version: '3.12.1',
  home: dirname(process.execPath),
  executable: process.execPath,
};

/** A lock of these wheels, in this order. */
export function lockOf(wheels: readonly Installed[], python: PlanPython = paperPython): Lock {
  const packages = wheels.map(
    ({ bytes, ...rest }): PypiPackage => ({
      kind: 'pypi',
      size: bytes.length,
      dependencies: [],
      requested: false,
      index: 'https://index.example/simple',
      ...rest,
    }),
  );
  return {
    lockVersion: 1,
    fingerprint: 'f',
    platform: 'linux-64',
    python: { version: python.minor, source: 'machine' },
    inputs: { channels: [], indexes: [], findLinks: [], virtualPackages: {}, tools: {} },
    packages,
    digest: sha256(canonicalJson(packages)),
  };
}

/** Brings wheels into a store, unpacked. */
export async function bring(store: Store, wheels: readonly Installed[]): Promise<Map<string, UnpackedWheel>> {
  const found = await Promise.all(
    wheels.map(async ({ sha256: digest, filename, bytes }) => {
      await store.ensureArchive(
        { sha256: digest, filename, size: bytes.length },
        async (file) => await writeFile(file, bytes),
      );
      return [digest, await store.ensureWheel(digest, filename)] as const;
    }),
  );
  return new Map(found);
}

export interface Machine {
  store: Store;
  prefixes: ReturnType<typeof createPrefixes>;
  /** How often a plan was made. */
  plans: number;
  install(wheels: readonly Installed[]): Promise<{ prefix: Prefix; outcome: 'cached' | 'made' | 'repaired' }>;
  keyOf(wheels: readonly Installed[]): string;
}

/** A store and its prefixes below `root`. */
export function createMachine(root: string, { threads = 2, python = paperPython } = {}): Machine {
  const store = createStore({ root, threads });
  const prefixes = createPrefixes({ root, store });
  const keyOf = (wheels: readonly Installed[]): string => prefixes.key(lockOf(wheels, python).digest, python);
  const machine: Machine = {
    store,
    prefixes,
    plans: 0,
    keyOf,
    install: async (wheels) => {
      const makePlan = async (prefix: string): Promise<InstallPlan> => {
        machine.plans += 1;
        return planPrefix({ lock: lockOf(wheels, python), wheels: await bring(store, wheels), python, prefix });
      };
      return await prefixes.ensure(keyOf(wheels), makePlan);
    },
  };
  return machine;
}
