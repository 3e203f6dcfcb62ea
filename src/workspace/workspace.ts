import { join } from 'node:path';
import { AppError } from '../errors/index.ts';
import { ensureFolder, pathExists } from '../io/index.ts';
import { type AuditStore, createAuditStore } from './audit.ts';
import { bindFolder, refuseBound } from './bind-folder.ts';
import { bindRegistry } from './bind-registry.ts';
import { type BlobStore, createBlobStore, type ExternalContents } from './blobs.ts';
import { type BuildStore, createBuildStore } from './builds.ts';
import { createContentRows } from './content-rows.ts';
import { openDatabase } from './database.ts';
import { createDatabaseLogs } from './database-logs.ts';
import { createEnvironmentStore, type EnvironmentStore } from './environments.ts';
import { createFactStore, type FactStore } from './facts.ts';
import { createFileLogs } from './file-logs.ts';
import { createFolderContents } from './folder-contents.ts';
import { createImageStore, type ImageStore } from './images.ts';
import { createLeaseStore, type LeaseStore } from './leases.ts';
import { createLockStore, type LockStore } from './locks.ts';
import type { LogStore } from './logs.ts';
import { createModelStore, type ModelStore } from './models.ts';
import { type Actor, recorded } from './recorded.ts';
import { findReferences } from './references.ts';
import { createRegistrar, type Registrar } from './register-version.ts';
import { createRowStore, type RowStore } from './rows.ts';
import { createRunStore, type RunStore } from './runs.ts';
import { readSecretKey, sharedSecretKey } from './secret-key.ts';
import { createSubmissionStore, type SubmissionStore } from './submissions.ts';
import { createTaskStore, type TaskStore } from './tasks.ts';
import { createTokenStore, type TokenStore } from './tokens.ts';
import type { Connection } from './transaction.ts';
import { createWorkerStore, type WorkerStore } from './workers.ts';

export interface Workspace {
  folder: string;
  /** Whether its machines share no folder: what others shall find has to go into `blobs` or `logs`. */
  isSpread: boolean;
  environments: EnvironmentStore;
  locks: LockStore;
  facts: FactStore;
  images: ImageStore;
  leases: LeaseStore;
  runs: RunStore;
  builds: BuildStore;
  tasks: TaskStore;
  workers: WorkerStore;
  models: ModelStore;
  tokens: TokenStore;
  audit: AuditStore;
  submissions: SubmissionStore;
  blobs: BlobStore;
  rows: RowStore;
  /** What runs print, and what builds report while they go on: one event a line, JSON. */
  logs: LogStore;
  /** Of one run: code, outputs. */
  runFolder(id: string): string;
  /** Every digest that a record names, for `blobs.gc`; of trees their manifests' only, the caller adds their members. */
  references(): Promise<Set<string>>;
  /** The key for hashes of secret values; made on first use, the same for ever. */
  secretKey(): Promise<Buffer>;
  /** The same workspace for somebody else: what is made through it bears their name. */
  as(actor: Actor): Workspace;
  close(): Promise<void>;
}

export interface WorkspaceOptions {
  create?: boolean;
  user: string;
  origin?: string;
  /** The address of a PostgreSQL database; without one, the records are in the folder. */
  database?: string;
  /** Where its large contents are, if its machines share no folder; then the folder is this machine's own, and logs are in the database. */
  external?: ExternalContents;
}

/**
 * Opens a workspace. @throws AppError WORKSPACE_NOT_FOUND if it is missing and `create` is not set; WORKSPACE_UNUSABLE if it is on a
 * network file system, newer than this program, or belongs to another database; CORRUPT_STORE; PERMISSION_DENIED.
 */
export async function openWorkspace(folder: string, options: WorkspaceOptions): Promise<Workspace> {
  if (options.database === undefined) await refuseBound(folder);
  if (options.database === undefined && options.create !== true && !(await pathExists(join(folder, 'workspace.db')))) {
    throw new AppError('WORKSPACE_NOT_FOUND', `there is no workspace in \`${folder}\``, {
      hint: 'Any command that registers something makes one.',
    });
  }
  const database =
    options.database === undefined
      ? await openDatabase(folder)
      : await openServed(folder, options.database, options.external);
  const registrar = createRegistrar(database);
  const shared = {
    folder,
    isSpread: options.external !== undefined,
    facts: createFactStore(database),
    leases: createLeaseStore(database),
    audit: createAuditStore(database),
    submissions: createSubmissionStore(database),
    tasks: createTaskStore(database),
    workers: createWorkerStore(database),
    blobs: createBlobStore({
      rows: createContentRows(database),
      folder: createFolderContents(join(folder, 'registry', 'blobs')),
      external: options.external,
    }),
    rows: createRowStore(database),
    logs: options.external !== undefined ? createDatabaseLogs(database) : createFileLogs(folder),
    runFolder: (id: string) => join(folder, 'runs', id),
    references: () => findReferences(database),
    secretKey: () => (options.external === undefined ? readSecretKey(folder) : sharedSecretKey(database)),
    close: () => database.destroy(),
  };
  const as = (actor: Actor): Workspace => ({
    ...shared,
    ...recorded(storesOf(database, actor.user, registrar), shared.audit, actor),
    as,
  });
  return as({ user: options.user, origin: options.origin ?? 'this process' });
}

async function openServed(folder: string, address: string, external?: ExternalContents): Promise<Connection> {
  if (!/^postgres(?:ql)?:\/\//i.test(address))
    throw new AppError('USAGE', `\`${address.replace(/\/\/[^@/]*@/, '//')}\` is no address of a PostgreSQL database`, {
      hint: 'Write it like `postgresql://user@host:5432/name`.',
    });
  await ensureFolder(folder);
  const { openPostgres } = await import('./postgres.ts');
  const database = await openPostgres(address);
  try {
    if (external === undefined) await bindFolder(database, folder, address);
    else await bindRegistry(database, { folder, address, external });
    return database;
  } catch (error) {
    await database.destroy();
    throw error;
  }
}

function storesOf(database: Connection, user: string, registrar: Registrar) {
  return {
    environments: createEnvironmentStore(database, user, registrar),
    locks: createLockStore(database, user),
    images: createImageStore(database, user),
    runs: createRunStore(database),
    builds: createBuildStore(database),
    models: createModelStore(database),
    tokens: createTokenStore(database, user),
  };
}
