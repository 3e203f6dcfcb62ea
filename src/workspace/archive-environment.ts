import { AppError } from '../errors/index.ts';
import type { Connection } from './transaction.ts';

/**
 * Archives or restores an environment with all its versions, or one version. What was purged stays archived.
 * @throws AppError ENVIRONMENT_NOT_FOUND, ARCHIVED.
 */
export async function setArchived(
  transaction: Connection,
  name: string,
  version: string | undefined,
  archived: boolean,
): Promise<void> {
  const mark = archived ? 1 : 0;
  const query = transaction.selectFrom('environments').select('archived').where('name', '=', name);
  const container = await query.executeTakeFirst();
  if (container === undefined) throw notFound(`\`${name}\``);
  if (version !== undefined && container.archived === 1 && !archived) {
    throw new AppError(
      'ARCHIVED',
      `${name}:${version} cannot be restored: the environment ${name} is archived as a whole`,
      { hint: `Restore it first: \`terroir env restore ${name}\`.` },
    );
  }
  let update = transaction.updateTable('environment_versions').set({ archived: mark }).where('name', '=', name);
  if (!archived) update = update.where('purged_at', 'is', null);
  if (version === undefined) {
    await transaction.updateTable('environments').set({ archived: mark }).where('name', '=', name).execute();
    await update.execute();
    return;
  }
  const { numUpdatedRows } = await update.where('version', '=', version).executeTakeFirst();
  if (numUpdatedRows === 0n) await explainMissing(transaction, name, version);
}

async function explainMissing(transaction: Connection, name: string, version: string): Promise<never> {
  const row = await transaction
    .selectFrom('environment_versions')
    .select('purged_at')
    .where('name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst();
  if (row === undefined) throw notFound(`\`${name}:${version}\``);
  throw new AppError('ARCHIVED', `${name}:${version} cannot be restored: its content was purged`, {
    hint: 'Register the definition again.',
  });
}

function notFound(what: string): AppError {
  return new AppError('ENVIRONMENT_NOT_FOUND', `there is no environment ${what} in this workspace`, {
    hint: '`terroir env list` lists them.',
  });
}
