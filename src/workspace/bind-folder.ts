import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { AppError } from '../errors/index.ts';
import { pathExists, readTextIfExists, withFileLock, writeAtomically } from '../io/index.ts';
import { createFactStore } from './facts.ts';
import { shownDatabase } from './postgres-errors.ts';
import { fromJson } from './stored-json.ts';
import type { Connection } from './transaction.ts';

/** What the folder says: who it is, and whose contents it holds. */
export const Binding = z.object({ folder: z.string(), database: z.string() });

/** Names of facts that are of the place and not of what is in it: no copy has them. */
export const placeFacts = ['place.database', 'place.folder', 'place.registry'] as const;
export const [databaseFact, folderFact, registryFact] = placeFacts;

export const fileOf = (folder: string): string => join(folder, 'postgresql.json');

/**
 * Holds a database of PostgreSQL and the folder with its contents together, the first time by marking both: records without their contents would be
 * damaged, and garbage collection would take what other records need. @throws AppError WORKSPACE_UNUSABLE if one of them belongs to another one.
 */
export async function bindFolder(database: Connection, folder: string, address: string): Promise<void> {
  if (await isBound(database, folder, address)) return;
  await withFileLock(join(folder, 'locks', 'postgresql'), async () => {
    if (await isBound(database, folder, address)) return;
    const facts = createFactStore(database);
    const file = fileOf(folder);
    const known = await readTextIfExists(file);
    if (known === undefined) await refuseOwnDatabase(folder);
    const ours = (await facts.get(databaseFact)) ?? randomUUID();
    await facts.set(databaseFact, ours);
    const binding = known === undefined ? { folder: randomUUID(), database: ours } : fromJson(Binding, known, file);
    if (known === undefined) await writeAtomically(file, JSON.stringify(binding), { durable: true });
    await facts.set(folderFact, binding.folder);
  });
}

/** What the database says of where it belongs. */
export async function readPlace(database: Connection): Promise<ReadonlyMap<string, string>> {
  const rows = await database.selectFrom('facts').selectAll().where('name', 'in', placeFacts).execute();
  return new Map(rows.map(({ name, value }) => [name, value]));
}

/** True if they belong together, false if one of them belongs to nobody yet. */
async function isBound(database: Connection, folder: string, address: string): Promise<boolean> {
  const facts = await readPlace(database);
  const registry = facts.get(registryFact);
  if (registry !== undefined)
    throw new AppError('WORKSPACE_UNUSABLE', `the contents of ${shownDatabase(address)} are in \`${registry}\``, {
      hint: `Say so: \`export TERROIR_REGISTRY=${registry}\`.`,
    });
  // Read after the database's: whoever has marked that has marked the folder before.
  const [theirFolder, ours] = [facts.get(folderFact), facts.get(databaseFact)];
  const text = await readTextIfExists(fileOf(folder));
  const binding = text === undefined ? undefined : fromJson(Binding, text, fileOf(folder));
  if (binding !== undefined && binding.database !== ours)
    throw new AppError(
      'WORKSPACE_UNUSABLE',
      `\`${folder}\` has the contents of another database than ${shownDatabase(address)}`,
      {
        hint: 'Check TERROIR_DATABASE, or name another folder (`--workspace` or TERROIR_WORKSPACE).',
      },
    );
  if (theirFolder !== undefined && binding?.folder !== theirFolder)
    throw new AppError('WORKSPACE_UNUSABLE', `${shownDatabase(address)} belongs to another folder than \`${folder}\``, {
      hint: 'Its contents are in the folder that its servers share: name it with `--workspace` or TERROIR_WORKSPACE.',
      details: { isTaken: true },
    });
  return binding !== undefined && theirFolder !== undefined;
}

/** @throws AppError WORKSPACE_UNUSABLE for a folder whose records are in SQLite. */
export async function refuseOwnDatabase(folder: string): Promise<void> {
  if (!(await pathExists(join(folder, 'workspace.db')))) return;
  throw new AppError('WORKSPACE_UNUSABLE', `the records of the workspace \`${folder}\` are in its own database`, {
    hint: 'Without TERROIR_DATABASE: `terroir backup FILE`. With it: `terroir restore FILE --workspace ANOTHER-FOLDER`.',
  });
}

/** Refuses to begin an empty workspace where the records of one are elsewhere. @throws AppError WORKSPACE_UNUSABLE. */
export async function refuseBound(folder: string): Promise<void> {
  if ((await pathExists(join(folder, 'workspace.db'))) || !(await pathExists(fileOf(folder)))) return;
  throw new AppError('WORKSPACE_UNUSABLE', `the records of the workspace \`${folder}\` are in PostgreSQL`, {
    hint: 'Say in TERROIR_DATABASE where: `postgresql://user@host:5432/name`.',
  });
}
