import type { ShownModel } from '../../app/index.ts';
import type { ModelRecord } from '../../schema/index.ts';
import { environmentVersionId, provider, type WorkspaceAddress, workspaceId } from './address.ts';
import { modelUri } from './model-uri.ts';
import { azureName } from './resources.ts';

export interface ModelContainer {
  latest: ModelRecord;
  nextVersion: string;
}

export function modelContainerResource(address: WorkspaceAddress, { latest, nextVersion }: ModelContainer): object {
  const { name, version, description, tags, createdAt, createdBy } = latest;
  return {
    id: `${workspaceId(address)}/models/${name}`,
    name,
    type: `${provider}/workspaces/models`,
    systemData: { createdAt, createdBy, createdByType: 'User', lastModifiedAt: createdAt },
    properties: { description, tags, properties: {}, isArchived: false, latestVersion: version, nextVersion },
  };
}

/** A model with the environment that trained it, in its properties: as a resource id, too. */
export function modelResource(address: WorkspaceAddress, { model, run }: Pick<ShownModel, 'model' | 'run'>): object {
  const { name, version, createdAt, createdBy, description, tags, path } = model;
  const { environment, lockDigest, imageDigest } = run;
  const known = {
    'terroir.digest': model.digest,
    'terroir.environment': `${environment.name}:${environment.version}`,
    'terroir.environmentId': environmentVersionId(address, azureName(environment.name), environment.version),
    'terroir.fingerprint': environment.fingerprint,
    'terroir.lockDigest': lockDigest,
    'terroir.imageDigest': imageDigest,
  };
  return {
    id: `${workspaceId(address)}/models/${name}/versions/${encodeURIComponent(version)}`,
    name: version,
    type: `${provider}/workspaces/models/versions`,
    systemData: { createdAt, createdBy, createdByType: 'User', lastModifiedAt: createdAt },
    properties: {
      description,
      tags,
      isAnonymous: false,
      isArchived: false,
      modelType: 'custom_model',
      modelUri: modelUri({ run: run.id, path }),
      jobName: run.id,
      flavors: {},
      provisioningState: 'Succeeded',
      properties: Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)),
    },
  };
}
