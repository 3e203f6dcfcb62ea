import { randomUUID } from 'node:crypto';
import { AppError, isAppError } from '../errors/index.ts';
import { readTextIfExists, writeAtomically } from '../io/index.ts';
import {
  Binding,
  databaseFact,
  fileOf,
  folderFact,
  readPlace,
  refuseOwnDatabase,
  registryFact,
} from './bind-folder.ts';
import type { ExternalContents } from './blobs.ts';
import { createFactStore } from './facts.ts';
import { shownDatabase } from './postgres-errors.ts';
import { fromJson } from './stored-json.ts';
import type { Connection } from './transaction.ts';

/**
 * Holds a database of PostgreSQL and the registry with its contents together, the first time by marking both. The folder is one machine's own: it says
 * only whose copies it has. @throws AppError WORKSPACE_UNUSABLE if one of them belongs to another one.
 */
export async function bindRegistry(
  database: Connection,
  { folder, address, external }: { folder: string; address: string; external: ExternalContents },
): Promise<void> {
  const place = await readPlace(database);
  if (place.has(folderFact))
    throw new AppError('WORKSPACE_UNUSABLE', `the contents of ${shownDatabase(address)} are in a folder`, {
      hint: 'Without TERROIR_REGISTRY it is opened with that folder; `terroir env share` brings environments to a workspace with a registry.',
    });
  const bound = place.get(registryFact);
  if (bound !== undefined && bound !== external.name)
    throw new AppError('WORKSPACE_UNUSABLE', `the contents of ${shownDatabase(address)} are in \`${bound}\``, {
      hint: `TERROIR_REGISTRY is \`${external.name}\`. Name the other one; to move it, copy it whole, and name it as before.`,
    });
  const id = place.get(databaseFact) ?? (await makeId(database));
  if (bound === undefined) {
    const owner = await external.claim(id).catch((error: unknown) => {
      throw isAppError(error) ? asOurs(error, external.name) : error;
    });
    if (owner !== id)
      throw new AppError('WORKSPACE_UNUSABLE', `\`${external.name}\` has the contents of another workspace`, {
        hint: 'Name another path in the registry: `registry.example.org/other-team`.',
      });
    await createFactStore(database).set(registryFact, external.name);
  }
  await markFolder(folder, { id, address });
}

/** Whoever reads it did not ask for any image. */
function asOurs(error: AppError, registry: string): AppError {
  return new AppError(error.code, `the workspace’s registry \`${registry}\` cannot be used: ${error.message}`, {
    hint: error.hint,
    details: error.details,
    cause: error,
  });
}

/** Made once, whoever asks first. */
async function makeId(database: Connection): Promise<string> {
  await database
    .insertInto('facts')
    .values({ name: databaseFact, value: randomUUID() })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  return (await createFactStore(database).get(databaseFact)) ?? '';
}

async function markFolder(folder: string, { id, address }: { id: string; address: string }): Promise<void> {
  const file = fileOf(folder);
  const text = await readTextIfExists(file);
  if (text === undefined) {
    await refuseOwnDatabase(folder);
    return await writeAtomically(file, JSON.stringify({ folder: randomUUID(), database: id }), { durable: true });
  }
  if (fromJson(Binding, text, file).database === id) return;
  throw new AppError('WORKSPACE_UNUSABLE', `\`${folder}\` is of another database than ${shownDatabase(address)}`, {
    hint: 'Check TERROIR_DATABASE, or name another folder (`--workspace` or TERROIR_WORKSPACE).',
  });
}
