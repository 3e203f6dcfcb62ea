import { lockFileFormat, readLockFile } from '../../definition/index.ts';
import type { ListedLock } from '../../schema/index.ts';
import type { EnvironmentVersion, Workspace } from '../../workspace/index.ts';

/** What the lock file says from which a version was made; undefined for a version that was made from something else. */
export async function listedLock(
  { blobs }: Workspace,
  { definition, files }: EnvironmentVersion,
): Promise<ListedLock | undefined> {
  const path = definition.layer?.lock?.file.path;
  const file = path === undefined ? undefined : files.find((each) => each.path === path);
  if (path === undefined || file === undefined) return undefined;
  const source = { path, text: (await blobs.read(file.digest)).toString('utf8') };
  const format = lockFileFormat(source);
  return format === undefined ? undefined : readLockFile(source, format).lock;
}
