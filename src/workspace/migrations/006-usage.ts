import { type Kysely, sql } from 'kysely';
import { BuildRecord, ImageRevision } from '../../schema/index.ts';
import { buildUsage } from '../build-usage.ts';
import { writeLayers } from '../image-layers.ts';
import { fromJson } from '../stored-json.ts';
import type { Tables } from '../tables.ts';

/** What is asked of images and builds across environments: who has a layer, whose base has moved, what builds took. */
export async function createUsage(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('image_layers')
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('image_layers_key', ['digest', 'fingerprint', 'revision'])
    .execute();
  await schema.alterTable('platform_images').addColumn('base_reference', 'text').execute();
  for (const [name, type] of [
    ['fingerprint', 'text'],
    ['source', 'text'],
    ['seconds', 'double precision'],
  ] as const)
    await schema.alterTable('builds').addColumn(name, type).execute();
  await schema.createIndex('builds_source').on('builds').columns(['source', 'fingerprint', 'seconds']).execute();
  await schema
    .createIndex('platform_images_base')
    .on('platform_images')
    .columns(['base_reference', 'base_digest'])
    .execute();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what it touches has been made here and before
  await fill(database as Kysely<Tables>);
}

async function fill(database: Kysely<Tables>): Promise<void> {
  const images = await database.selectFrom('image_revisions').select(['fingerprint', 'revision']).execute();
  for (const { fingerprint, revision } of images) {
    const query = database.selectFrom('image_revisions').select('record').where('fingerprint', '=', fingerprint);
    const { record } = await query.where('revision', '=', revision).executeTakeFirstOrThrow();
    const image = fromJson(ImageRevision, record, `an image of ${fingerprint}`);
    await writeLayers(database, [image]);
    for (const { platform, base } of image.platforms)
      await sql`update platform_images set base_reference = ${base?.reference ?? null}
        where fingerprint = ${fingerprint} and revision = ${revision} and platform = ${platform}`.execute(database);
  }
  const builds = await database.selectFrom('builds').select('number').execute();
  for (const { number } of builds) {
    const query = database.selectFrom('builds').select(['id', 'record']).where('number', '=', number);
    const { id, record } = await query.executeTakeFirstOrThrow();
    const usage = buildUsage(fromJson(BuildRecord, record, `the build ${id}`));
    await database.updateTable('builds').set(usage).where('number', '=', number).execute();
  }
}
