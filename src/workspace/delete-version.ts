import { AppError } from '../errors/index.ts';
import { now } from '../io/index.ts';
import type { Definition } from '../schema/index.ts';
import { writeHeader } from './environment-header.ts';
import { versionById } from './environment-rows.ts';
import { writeSummaries } from './environment-summaries.ts';
import type { EnvironmentVersion } from './environments.ts';
import type { Connection } from './transaction.ts';

/** Removes a mistake without a trace. What a run used (and so every model's environment) stays. @throws AppError IN_USE. */
export async function deleteVersion(transaction: Connection, id: number): Promise<void> {
  const { name, version, purgedAt } = await versionById(transaction, id);
  const query = transaction.selectFrom('runs').select('id').where('version_id', '=', id).limit(1);
  const run = await query.executeTakeFirst();
  if (run !== undefined) {
    throw new AppError('IN_USE', `${name}:${version} cannot be deleted: the run ${run.id} used it`, {
      hint: `Archive it instead: \`terroir env archive ${name}:${version}\`.`,
    });
  }
  const builds = transaction.selectFrom('builds').where('version_id', '=', id);
  const build = await builds.select('id').where('status', 'in', ['Queued', 'Running']).executeTakeFirst();
  if (build !== undefined) {
    throw new AppError('IN_USE', `${name}:${version} cannot be deleted: the build ${build.id} makes its image`, {
      hint: 'Cancel it first, or wait for its end.',
    });
  }
  if (purgedAt !== null) {
    throw new AppError('IN_USE', `${name}:${version} cannot be deleted: it is what a purge left for the record`);
  }
  await transaction.updateTable('builds').set({ version_id: null }).where('version_id', '=', id).execute();
  await transaction.deleteFrom('version_tags').where('version_id', '=', id).execute();
  await transaction.deleteFrom('lock_bindings').where('version_id', '=', id).execute();
  await transaction.deleteFrom('environment_versions').where('id', '=', id).execute();
  const left = transaction.selectFrom('environment_versions').select('id').where('name', '=', name).limit(1);
  if ((await left.executeTakeFirst()) === undefined)
    await transaction.deleteFrom('environments').where('name', '=', name).execute();
  await writeSummaries(transaction, [name]);
}

/** Leaves a tombstone: name, version, fingerprint, digest, who and when. */
export async function purgeVersion(transaction: Connection, id: number): Promise<EnvironmentVersion> {
  const { name, purgedAt } = await versionById(transaction, id);
  if (purgedAt === null) {
    await writeHeader(transaction, id, { description: null, tags: {} });
    await transaction
      .updateTable('environment_versions')
      .set({ definition: JSON.stringify(nothing), files: '[]', archived: 1, purged_at: now() })
      .where('id', '=', id)
      .execute();
    await writeSummaries(transaction, [name]);
  }
  return await versionById(transaction, id);
}

const nothing: Definition = {
  python: { userManaged: false },
  bytecode: false,
  environmentVariables: {},
  platforms: [],
  osType: 'linux',
  autoRebuild: 'disabled',
};
