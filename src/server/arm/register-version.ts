import { stringify } from 'yaml';
import {
  type App,
  archiveEnvironment,
  createVersion,
  type DefinitionSource,
  isAnonymousName,
  restoreEnvironment,
  type ShownVersion,
  showVersion,
  updateVersion,
} from '../../app/index.ts';
import { AppError, isAppError } from '../../errors/index.ts';
import { canonicalJson } from '../../schema/index.ts';
import type { VersionProperties } from './requests.ts';
import { versionProperties } from './resources.ts';

export interface Registered {
  reference: string;
  isNew: boolean;
}

/**
 * Properties that came from here as they are mean the version that is there. What has no name gets the version that its content has, whatever the
 * client calls it: the answer says which.
 */
export async function registerVersion(
  app: App,
  { name, version }: { name: string; version: string },
  properties: VersionProperties,
): Promise<Registered> {
  const reference = `${name}:${version}`;
  const current = await findShown(app, reference);
  const isSame = current !== undefined && definitionPart(versionProperties(current)) === definitionPart(properties);
  const isUnnamed = isAnonymousName(name) || properties.isAnonymous === true;
  if (isUnnamed && !isSame) return await registerUnnamed(app, properties);
  const header = headerOf(properties);
  const isNew =
    !isSame &&
    (await createVersion(app, { source: sourceOf(properties), name, version, ...header })).outcome === 'created';
  if (!isUnnamed) await changeHeader(app, reference, properties);
  return { reference, isNew };
}

async function registerUnnamed(app: App, properties: VersionProperties): Promise<Registered> {
  const request = { source: sourceOf(properties), anonymous: true, ...headerOf(properties) };
  const { version, outcome } = await createVersion(app, request);
  return { reference: `${version.name}:${version.version}`, isNew: outcome === 'created' };
}

function headerOf({ description, tags }: VersionProperties): { description?: string; tags: Record<string, string> } {
  return { description: description ?? undefined, tags: tagsOf(tags) };
}

/** A PUT says what all of it shall be. */
async function changeHeader(app: App, reference: string, properties: VersionProperties): Promise<void> {
  const { version } = await showVersion(app, reference);
  const description = properties.description ?? null;
  const tags = tagsOf(properties.tags);
  if (description !== version.description || canonicalJson(tags) !== canonicalJson(version.tags))
    await updateVersion(app, reference, { description, tags, replaceTags: true });
  const archived = properties.isArchived ?? false;
  if (archived !== version.archived) await (archived ? archiveEnvironment : restoreEnvironment)(app, reference);
}

export async function findShown(app: App, reference: string): Promise<ShownVersion | undefined> {
  try {
    return await showVersion(app, reference);
  } catch (error) {
    if (isAppError(error, 'ENVIRONMENT_NOT_FOUND')) return undefined;
    throw error;
  }
}

function definitionPart({ autoRebuild, build, condaFile, image, inferenceConfig, osType }: VersionProperties): string {
  return canonicalJson({
    autoRebuild: autoRebuild ?? 'OnBaseImageUpdate',
    build: build === undefined || build === null ? null : { dockerfilePath: 'Dockerfile', ...withoutNulls(build) },
    condaFile: condaFile ?? null,
    image: image ?? null,
    inferenceConfig: inferenceConfig === undefined || inferenceConfig === null ? null : withoutNulls(inferenceConfig),
    osType: osType ?? 'Linux',
  });
}

function withoutNulls(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null && each !== undefined));
}

/** The same as an environment file with its conda file beside it. */
function sourceOf(properties: VersionProperties): DefinitionSource {
  const { build, condaFile, image, inferenceConfig, osType, autoRebuild } = properties;
  if (build !== undefined && build !== null) {
    throw new AppError('UNSUPPORTED_FEATURE', `the build context \`${build.contextUri}\` is in a storage account`, {
      hint: `Register the definition with its files: \`POST /api/v1/environments\`, or \`terroir env create\`.`,
    });
  }
  if ((image ?? '') === '' && (condaFile ?? '') === '') {
    throw new AppError('INVALID_DEFINITION', 'the version has neither `image` nor `condaFile`', {
      hint: 'Give a base image, a conda file, or both.',
    });
  }
  const routes = Object.entries(withoutNulls(inferenceConfig ?? {}));
  const definition = {
    ...(image === undefined || image === null ? {} : { image }),
    ...(condaFile === undefined || condaFile === null ? {} : { conda_file: 'conda.yml' }),
    os_type: (osType ?? 'Linux').toLowerCase(),
    ...(autoRebuild === 'Disabled' ? { auto_rebuild: 'disabled' } : {}),
    ...(routes.length === 0
      ? {}
      : {
          inference_config: Object.fromEntries(
            routes.map(([name, value]) => [name.replace('Route', '_route'), value as object]),
          ),
        }),
  };
  const files: Record<string, { text: string }> =
    condaFile === undefined || condaFile === null ? {} : { 'conda.yml': { text: condaFile } };
  return { kind: 'uploaded', text: stringify(definition), path: 'environment.yml', files };
}

export function tagsOf(tags: VersionProperties['tags']): Record<string, string> {
  return Object.fromEntries(Object.entries(tags ?? {}).map(([key, value]) => [key, value ?? '']));
}
