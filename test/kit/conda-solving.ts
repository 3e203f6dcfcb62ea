import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createKnownChannels,
  createRattlerSolver,
  readCondaConfiguration,
  readCondaCredentials,
} from '../../src/channels/conda/index.ts';
import { createHttp } from '../../src/io/index.ts';
import type { ReportEvent } from '../../src/report/index.ts';
import type { CondaSolution, CondaSolveRequest } from '../../src/resolve/index.ts';
import { createStore, openCondaArchives, type Store } from '../../src/store/index.ts';

/** A machine that can solve, and has nothing else. */
export interface SolvingMachine {
  folder: string;
  home: string;
  env: Record<string, string | undefined>;
  store: Store;
  events: ReportEvent[];
  /** Solves against `channels` for linux-64. */
  solve(
    channels: readonly string[],
    specs: readonly string[],
    more?: Partial<CondaSolveRequest> & { offline?: boolean; signal?: AbortSignal },
  ): Promise<CondaSolution>;
  /** The same; `name version`, sorted. */
  names: (...request: Parameters<SolvingMachine['solve']>) => Promise<string[]>;
  remove(): Promise<void>;
}

export async function makeSolvingMachine(env: Record<string, string | undefined> = {}): Promise<SolvingMachine> {
  const folder = await mkdtemp(join(tmpdir(), 'terroir-solving-'));
  const home = join(folder, 'home');
  const store = createStore({ root: join(folder, 'store') });
  const events: ReportEvent[] = [];
  const solve: SolvingMachine['solve'] = async (channels, specs, { offline = false, signal, ...more } = {}) => {
    const configuration = await readCondaConfiguration({ env, home });
    const credentials = await readCondaCredentials({ env, home });
    const known = createKnownChannels();
    const http = createHttp({ env, offline, credentials: credentials.header(known), retries: 1 });
    const solver = createRattlerSolver({
      env,
      home,
      configuration,
      credentials,
      http,
      known,
      storeRoot: store.root,
      offline,
      emit: (event) => events.push(event),
      signal,
      archives: openCondaArchives(store),
    });
    try {
      return await solver.solve({
        channels,
        specs,
        platform: 'linux-64',
        virtualPackages: { __glibc: { version: '2.28', build: '0' }, __unix: { version: '0', build: '0' } },
        locked: [],
        refresh: false,
        ...more,
      });
    } finally {
      await http.close();
    }
  };
  return {
    folder,
    home,
    env,
    store,
    events,
    solve,
    names: async (...request) =>
      (await solve(...request)).packages.map(({ name, version }) => `${name} ${version}`).sort(),
    remove: async () => await rm(folder, { recursive: true, force: true }),
  };
}
