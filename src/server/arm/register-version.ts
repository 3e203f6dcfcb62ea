import { stringify } from 'yaml';
import { type App, createVersion, type ShownVersion, showVersion } from '../../app/index.ts';
import { AppError, isAppError } from '../../errors/index.ts';
import { canonicalJson } from '../../schema/index.ts';
import type { VersionProperties } from './requests.ts';
import { versionProperties } from './resources.ts';

/** True if the version is new. Properties that came from here as they are mean the version that is there. */
export async function registerVersion(
  app: App,
  { name, version }: { name: string; version: string },
  properties: VersionProperties,
): Promise<boolean> {
  const current = await findShown(app, `${name}:${version}`);
  if (current !== undefined && definitionPart(versionProperties(current)) === definitionPart(properties)) return false;
  const { text, files } = definitionOf(properties);
  const header = { description: properties.description ?? undefined, tags: tagsOf(properties.tags) };
  const source = { kind: 'uploaded' as const, text, path: 'environment.yml', files };
  const { outcome } = await createVersion(app, { source, name, version, ...header });
  return outcome === 'created';
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
function definitionOf(properties: VersionProperties): { text: string; files: Record<string, { text: string }> } {
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
  return { text: stringify(definition), files };
}

export function tagsOf(tags: VersionProperties['tags']): Record<string, string> {
  return Object.fromEntries(Object.entries(tags ?? {}).map(([key, value]) => [key, value ?? '']));
}
