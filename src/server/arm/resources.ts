import { stringify } from 'yaml';
import { isAnonymousName, type ShownVersion } from '../../app/index.ts';
import { environmentVersionId, provider, type WorkspaceAddress, workspaceId } from './address.ts';
import type { VersionProperties } from './requests.ts';

export function workspaceResource(address: WorkspaceAddress): object {
  return {
    id: workspaceId(address),
    name: address.workspace,
    type: `${provider}/workspaces`,
    location: 'local',
    tags: {},
    properties: { friendlyName: address.workspace, workspaceId: address.workspace, provisioningState: 'Succeeded' },
  };
}

/** What Azure's clients call environments that have no name. */
export function azureName(name: string): string {
  return isAnonymousName(name) ? 'CliV2AnonymousEnvironment' : name;
}

export interface Container {
  name: string;
  archived: boolean;
  latestVersion: string | null;
  nextVersion: string;
  description: string | null;
  tags: Record<string, string>;
  createdAt: string;
  updatedAt: string;
}

export function containerResource(address: WorkspaceAddress, container: Container): object {
  const { name, description, tags, archived, latestVersion, nextVersion, createdAt, updatedAt } = container;
  return {
    id: `${workspaceId(address)}/environments/${name}`,
    name,
    type: `${provider}/workspaces/environments`,
    systemData: { createdAt, lastModifiedAt: updatedAt },
    properties: { description, tags, properties: {}, isArchived: archived, latestVersion, nextVersion },
  };
}

export function versionResource(address: WorkspaceAddress, { version, sources }: ShownVersion): object {
  const { name, version: number, createdAt, createdBy, fingerprint, category } = version;
  return {
    id: environmentVersionId(address, azureName(name), number),
    name: number,
    type: `${provider}/workspaces/environments/versions`,
    systemData: { createdAt, createdBy, createdByType: 'User', lastModifiedAt: createdAt },
    properties: {
      ...versionProperties({ version, sources }),
      environmentType: category === 'curated' ? 'Curated' : 'UserCreated',
      provisioningState: 'Succeeded',
      properties: { 'terroir.fingerprint': fingerprint, 'terroir.category': category },
    },
  };
}

/** What a client may send back as it is: then nothing of the definition has changed, also where its formats cannot say all of it. */
export function versionProperties({ version, sources }: Pick<ShownVersion, 'version' | 'sources'>): VersionProperties {
  const { definition, description, tags, archived, name } = version;
  const { build, image, inferenceConfig, osType, autoRebuild } = definition;
  return {
    description,
    tags,
    isAnonymous: isAnonymousName(name),
    isArchived: archived,
    autoRebuild: autoRebuild === 'disabled' ? 'Disabled' : 'OnBaseImageUpdate',
    ...(build === undefined
      ? {}
      : {
          build: { contextUri: `terroir://context/${build.context.digest}`, dockerfilePath: build.dockerfilePath },
        }),
    condaFile: condaText({ version, sources }),
    ...(image === undefined ? {} : { image }),
    ...(inferenceConfig === undefined ? {} : { inferenceConfig }),
    osType: osType === 'windows' ? 'Windows' : 'Linux',
  };
}

/** The conda file as the user wrote it; one that stands inside the definition is written anew. */
function condaText({ version, sources }: Pick<ShownVersion, 'version' | 'sources'>): string | undefined {
  const { layer } = version.definition;
  if (layer?.kind !== 'conda') return undefined;
  const file = sources.find(({ path }) => path === layer.file?.path);
  if (file !== undefined) return file.text;
  const dependencies = layer.dependencies.map((each) =>
    typeof each === 'string'
      ? each
      : { pip: each.pip.flatMap((entry) => (entry.type === 'requirement' ? entry.text : [])) },
  );
  return stringify({ ...(layer.channels.length === 0 ? {} : { channels: layer.channels }), dependencies });
}
