import { join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { readTextIfExists } from '../../io/index.ts';
import { Catalog, type CuratedVersion, Lock, type Platform } from '../../schema/index.ts';
import type { EnvironmentVersion, StoredFile, Workspace } from '../../workspace/index.ts';

/** The fact of a workspace that says which catalogue it has. */
const fact = 'catalog';

/**
 * Brings the curated environments of the catalogue into a workspace, once for each catalogue. What an earlier one had stays.
 * Whoever registered a version keeps it: the reserved names leave that to the catalogue.
 */
export async function seedCatalog(workspace: Workspace, folder: string | undefined): Promise<void> {
  if (folder === undefined) return;
  const text = await readTextIfExists(join(folder, 'index.json'));
  if (text === undefined) return;
  const known = await workspace.facts.get(fact);
  // The digest stands at the beginning: the rest is read only where it is new.
  if (known !== undefined && text.slice(0, 200).includes(known)) return;
  const catalog = readCatalog(folder, text);
  for (const curated of catalog.versions) await register(workspace, curated);
  await workspace.facts.set(fact, catalog.digest);
}

function readCatalog(folder: string, text: string): Catalog {
  try {
    return Catalog.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError('CORRUPT_STORE', `the catalogue \`${join(folder, 'index.json')}\` cannot be read`, {
      hint: 'Install Terroir again, or set TERROIR_CATALOG to `none`.',
      cause: error,
    });
  }
}

async function register(workspace: Workspace, curated: CuratedVersion): Promise<void> {
  const files: StoredFile[] = [];
  for (const [index, { path, text }] of curated.sources.entries()) {
    const { digest, size } = await workspace.blobs.put(text);
    files.push({ path, digest, size, kind: 'file', role: index === 0 ? 'main' : 'text' });
  }
  const { sources: _sources, ...version } = curated;
  try {
    await workspace.environments.register({ ...version, category: 'curated', files });
  } catch (error) {
    // A version of an earlier catalogue is immutable as any other: the new one should have got another number.
    if (!(error instanceof AppError && error.code === 'VERSION_EXISTS')) throw error;
  }
}

/** The lock that the catalogue carries for a curated version; its packages have no addresses, the configured index has them. */
export async function curatedLock(
  folder: string | undefined,
  { name, version, category }: EnvironmentVersion,
  platform: Platform,
): Promise<Lock | undefined> {
  if (folder === undefined || category !== 'curated') return undefined;
  const text = await readTextIfExists(join(folder, name, version, `${platform}.lock.json`));
  const lock = text === undefined ? undefined : Lock.safeParse(JSON.parse(text));
  return lock?.success === true ? lock.data : undefined;
}
