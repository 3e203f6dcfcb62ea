import { definitionDigest, readDefinition } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import type { UploadedFiles } from '../../schema/index.ts';
import type { VersionToShare } from '../../schema/rest/index.ts';
import type { EnvironmentVersion, Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { findVersion } from './find-version.ts';
import { locksToShare } from './locks-to-share.ts';
import { recordAccess } from './pack-definition.ts';
import { accessStored, storedSources } from './stored-files.ts';

/** All that goes along when a version is shared. @throws AppError ENVIRONMENT_NOT_FOUND, FILE_NOT_FOUND. */
export async function findVersionToShare(app: App, reference: string): Promise<VersionToShare> {
  const workspace = await app.openWorkspace();
  const version = await findVersion(workspace, reference);
  const { files, ...definition } = await definitionOf(workspace, version);
  const image = await workspace.images.latest(version.fingerprint);
  const locks = await locksToShare(workspace, version, image);
  const contents = new Set(Object.values(files).flatMap((file) => ('digest' in file ? [file.digest] : [])));
  for (const { packages } of locks)
    for (const { sha256, url } of packages)
      if (url === undefined && (await workspace.blobs.size(sha256)) !== undefined) contents.add(sha256);
  const { name, version: label, anonymous, description, tags, fingerprint } = version;
  return {
    name,
    version: label,
    anonymous,
    description,
    tags,
    fingerprint,
    definition: { ...definition, files },
    contents: [...contents],
    locks,
    image: image === undefined ? null : { digest: image.digest, platforms: image.platforms, origin: image.origin },
  };
}

/** What the user wrote, as it would be sent to be registered. */
async function definitionOf(
  workspace: Workspace,
  version: EnvironmentVersion,
): Promise<{ text: string; path: string; files: UploadedFiles }> {
  const [main] = await storedSources(workspace, version);
  const files: UploadedFiles = {};
  const access = recordAccess(accessStored(workspace, version.files), '', { files, contents: new Map() });
  const read = main === undefined ? undefined : await readDefinition(main, access);
  if (main !== undefined && read !== undefined && definitionDigest(read.definition) === version.definitionDigest)
    return { text: main.text, path: main.path, files };
  throw new AppError(
    'FILE_NOT_FOUND',
    `${version.name}:${version.version} cannot be shared with a server: the files that it was made of are not all there`,
    { hint: 'Share it from the workspace where it was registered.' },
  );
}
