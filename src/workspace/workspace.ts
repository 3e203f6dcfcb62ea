import { join } from 'node:path';
import { AppError } from '../errors/index.ts';
import { pathExists } from '../io/index.ts';
import { type BlobStore, createBlobStore } from './blobs.ts';
import { openDatabase } from './database.ts';
import { createEnvironmentStore, type EnvironmentStore } from './environments.ts';
import { createFactStore, type FactStore } from './facts.ts';
import { createImageStore, type ImageStore } from './images.ts';
import { createLeaseStore, type LeaseStore } from './leases.ts';
import { createLockStore, type LockStore } from './locks.ts';
import { createModelStore, type ModelStore } from './models.ts';
import { findReferences } from './references.ts';
import { createRunStore, type RunStore } from './runs.ts';
import { readSecretKey } from './secret-key.ts';

export interface Workspace {
  folder: string;
  environments: EnvironmentStore;
  locks: LockStore;
  facts: FactStore;
  images: ImageStore;
  leases: LeaseStore;
  runs: RunStore;
  models: ModelStore;
  blobs: BlobStore;
  /** Of one run: code, outputs, logs. */
  runFolder(id: string): string;
  /** A path for `withFileLock`, by a name of the caller's. */
  lockFile(name: string): string;
  /** Every digest that a record names, for `blobs.gc`; of trees their manifests' only, the caller adds their members. */
  references(): Promise<Set<string>>;
  /** The key for hashes of secret values; made on first use, the same for ever. */
  secretKey(): Promise<Buffer>;
  close(): Promise<void>;
}

/**
 * Opens a workspace. @throws AppError WORKSPACE_NOT_FOUND if it is missing and `create` is not set; WORKSPACE_UNUSABLE if it is on a
 * network file system or newer than this program; CORRUPT_STORE; PERMISSION_DENIED.
 */
export async function openWorkspace(folder: string, options: { create?: boolean; user: string }): Promise<Workspace> {
  if (options.create !== true && !(await pathExists(join(folder, 'workspace.db')))) {
    throw new AppError('WORKSPACE_NOT_FOUND', `there is no workspace in \`${folder}\``, {
      hint: 'Any command that registers something makes one.',
    });
  }
  const database = await openDatabase(folder);
  return {
    folder,
    environments: createEnvironmentStore(database, options.user),
    locks: createLockStore(database, options.user),
    facts: createFactStore(database),
    images: createImageStore(database, options.user),
    leases: createLeaseStore(database),
    runs: createRunStore(database),
    models: createModelStore(database),
    blobs: createBlobStore(join(folder, 'registry', 'blobs')),
    runFolder: (id) => join(folder, 'runs', id),
    lockFile: (name) => join(folder, 'locks', name),
    references: () => findReferences(database),
    secretKey: () => readSecretKey(folder),
    close: () => database.destroy(),
  };
}
