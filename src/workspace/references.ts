import * as z from 'zod';
import { ModelRecord, RunRecord } from '../schema/index.ts';
import { StoredFiles } from './environment-rows.ts';
import { fromJson } from './stored-json.ts';
import type { Connection } from './transaction.ts';

/**
 * Every digest of content that a record names: what `BlobStore.gc` has to keep. A tree is named by its manifest; its members have to be added
 * by whoever wrote the manifest and knows how to read it.
 */
export async function findReferences(database: Connection): Promise<Set<string>> {
  const digests = new Set<string>();
  const versions = await database.selectFrom('environment_versions').select(['name', 'files']).execute();
  for (const { name, files } of versions) {
    for (const { digest } of fromJson(StoredFiles, files, name)) digests.add(digest);
  }
  const locks = await database.selectFrom('lock_revisions').select(['fingerprint', 'lock']).execute();
  for (const { fingerprint, lock } of locks) {
    for (const { sha256 } of fromJson(LockDigests, lock, `a lock of ${fingerprint}`).packages) digests.add(sha256);
  }
  for (const { sha256 } of await database.selectFrom('kept_archives').select('sha256').distinct().execute()) {
    digests.add(sha256);
  }
  for (const { fingerprint, record } of await database
    .selectFrom('image_revisions')
    .select(['fingerprint', 'record'])
    .execute()) {
    const image = fromJson(ImageDigests, record, `an image of ${fingerprint}`);
    for (const { digest, layers } of image.platforms)
      for (const each of [image.digest, digest, ...layers.map((layer) => layer.digest)])
        digests.add(each.slice('sha256:'.length));
  }
  for (const { id, record } of await database.selectFrom('runs').select(['id', 'record']).execute()) {
    const { snapshot, keptOutputs } = fromJson(RunDigests, record, `the run ${id}`);
    for (const kept of [snapshot, keptOutputs]) if (kept !== null) digests.add(kept.digest);
  }
  for (const { name, record } of await database.selectFrom('models').select(['name', 'record']).execute()) {
    digests.add(fromJson(ModelDigests, record, `the model ${name}`).digest);
  }
  return digests;
}

// Only what is needed: there may be many records.
const LockDigests = z.object({ packages: z.array(z.object({ sha256: z.string() })) });
const ImageDigests = z.object({
  digest: z.string(),
  platforms: z.array(z.object({ digest: z.string(), layers: z.array(z.object({ digest: z.string() })) })),
});
const RunDigests = RunRecord.pick({ snapshot: true, keptOutputs: true });
const ModelDigests = ModelRecord.pick({ digest: true });
