import { join } from 'node:path';
import type { InterpreterSearch } from '../io/index.ts';
import { createPrefixes, type Prefixes } from '../prefix/index.ts';
import type { RegistryClient } from '../registry/index.ts';
import type { Emit } from '../report/index.ts';
import { createStore, type Store } from '../store/index.ts';
import { type ExternalContents, findWorkspaceFolder, openWorkspace, type Workspace } from '../workspace/index.ts';
import { seedCatalog } from './environments/catalog.ts';
import { sharedRegistry } from './images/shared-registry.ts';

export interface AppOptions {
  cwd: string;
  /** The caller's environment variables. */
  env: Record<string, string | undefined>;
  home: string;
  /** Who registers and runs, for the records. */
  user: string;
  /** From where, for the audit trail. */
  origin?: string;
  /** True if the user is on another machine: then no word of theirs names a path here. */
  remote?: boolean;
  /** Of a user on another machine: whether this one is theirs to use as they like. */
  admin?: boolean;
  /** The workspace's folder; without one it is looked for. */
  workspace?: string;
  /** Where the workspace's registry is, if that is on a server. */
  servedRegistry?: ServedRegistry;
  offline: boolean;
  emit: Emit;
  signal: AbortSignal;
  /** Where the curated environments are described; undefined for none. */
  catalogFolder?: string;
  /** Of Terroir itself. */
  version: string;
}

/** The registry of a workspace behind a server. */
export interface ServedRegistry {
  /** With its port. */
  host: string;
  /** True if it speaks http. */
  isPlain: boolean;
  token?: string;
}

/** What the use cases share: the workspace, the machine's store, and how to talk to the user. */
export interface App extends AppOptions {
  readonly workspaceFolder: string;
  /** `~/.cache/terroir/v1`, or below TERROIR_HOME. */
  readonly storeFolder: string;
  readonly store: Store;
  readonly prefixes: Prefixes;
  readonly interpreters: InterpreterSearch;
  openWorkspace(): Promise<Workspace>;
  /** Registries somewhere else. */
  openRegistries(): Promise<RegistryClient>;
  close(): Promise<void>;
}

export async function openApp(options: AppOptions): Promise<App> {
  const { cwd, env, home } = options;
  const workspaceFolder = await findWorkspaceFolder({
    cwd,
    home,
    env: options.workspace === undefined ? env : { ...env, TERROIR_WORKSPACE: options.workspace },
  });
  const storeFolder = storeFolderOf(options);
  const store = createStore({ root: storeFolder });
  let workspace: Promise<Workspace> | undefined;
  let registries: Promise<{ client: RegistryClient; close(): Promise<void> }> | undefined;
  const openRegistries = async (): Promise<RegistryClient> => {
    registries ??= import('./images/remote-registry.ts').then(({ createRemoteRegistries }) =>
      createRemoteRegistries(options),
    );
    return (await registries).client;
  };
  return {
    ...options,
    workspaceFolder,
    storeFolder,
    store,
    prefixes: createPrefixes({ root: storeFolder, store }),
    interpreters: { env, home, cacheFolder: join(storeFolder, 'interpreters') },
    openWorkspace: async () => {
      workspace ??= openWithCatalog(workspaceFolder, options, openRegistries);
      return await workspace;
    },
    openRegistries,
    close: async () => {
      await (await registries)?.close();
      const opened = await workspace?.catch(() => undefined);
      await opened?.close();
    },
  };
}

async function openWithCatalog(
  folder: string,
  options: AppOptions,
  openRegistries: App['openRegistries'],
): Promise<Workspace> {
  const { env, user, origin, catalogFolder } = options;
  const database = env.TERROIR_DATABASE || undefined;
  const registry = sharedRegistry(options);
  const external = registry === undefined ? undefined : await openExternal(openRegistries, registry);
  const workspace = await openWorkspace(folder, { create: true, user, origin, database, external });
  await seedCatalog(workspace, catalogFolder);
  return workspace;
}

async function openExternal(openRegistries: App['openRegistries'], registry: string): Promise<ExternalContents> {
  const { createExternalContents } = await import('./team/external-contents.ts');
  return createExternalContents(openRegistries, registry);
}

/** The machine's store. */
export function storeFolderOf({ env, home }: Pick<AppOptions, 'env' | 'home'>): string {
  if (env.TERROIR_HOME) return join(env.TERROIR_HOME, 'v1');
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'terroir', 'v1');
}
