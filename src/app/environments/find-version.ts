import { parseReference, type Reference } from '../../definition/index.ts';
import { nearest } from '../../documents/index.ts';
import { AppError } from '../../errors/index.ts';
import type { EnvironmentVersion, Workspace } from '../../workspace/index.ts';

/** The version that a reference means. @throws AppError ENVIRONMENT_NOT_FOUND with the nearest names. */
export async function findVersion(workspace: Workspace, text: string): Promise<EnvironmentVersion> {
  return await findReferenced(workspace, parseReference(text), text);
}

async function findReferenced(workspace: Workspace, reference: Reference, text: string): Promise<EnvironmentVersion> {
  const { name, version, registry } = reference;
  if (registry !== undefined) {
    throw new AppError(
      'ENVIRONMENT_NOT_FOUND',
      `\`${text}\` is in the registry \`${registry}\`, and this workspace knows no registry`,
      { hint: 'Register the definition in this workspace.' },
    );
  }
  const found =
    version === undefined ? await workspace.environments.latest(name) : await findVersionOf(workspace, name, version);
  if (found !== undefined) return found;
  throw await notFound(workspace, name, version);
}

async function findVersionOf(
  workspace: Workspace,
  name: string,
  version: string,
): Promise<EnvironmentVersion | undefined> {
  const canonicalName = /^cliv2anonymousenvironment$/i.test(name) ? 'anonymous' : name;
  return await workspace.environments.get(canonicalName, version);
}

async function notFound(workspace: Workspace, name: string, version: string | undefined): Promise<AppError> {
  const names = await workspace.environments.names();
  if (names.includes(name) && version !== undefined) {
    const { items } = await workspace.environments.listVersions(name, { limit: 5, archived: 'all' });
    return new AppError('ENVIRONMENT_NOT_FOUND', `No environment exists for name: ${name}, version: ${version}`, {
      hint: `Its latest versions are ${items.map((each) => `\`${each.version}\``).join(', ')}.`,
    });
  }
  const near = nearest(name, names);
  return new AppError('ENVIRONMENT_NOT_FOUND', `No environment exists for name: ${name}`, {
    hint: `${near === undefined ? '' : `Did you mean \`${near}\`? `}\`terroir env list\` lists them; a file is registered with \`terroir env create FILE\`.`,
  });
}
