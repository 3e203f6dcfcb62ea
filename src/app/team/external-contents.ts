import { randomUUID } from 'node:crypto';
import { isAppError } from '../../errors/index.ts';
import { now, readFileRange } from '../../io/index.ts';
import type { RegistryClient, RemoteRepository } from '../../registry/index.ts';
import { parseImage } from '../../schema/index.ts';
import type { ExternalContents } from '../../workspace/index.ts';
import { pushArtifact } from '../images/push-artifact.ts';
import { repositoryBelow } from '../images/registry-prefix.ts';
import { contentsRepository } from '../images/shared-registry.ts';

const artifactType = 'application/vnd.terroir.content.v1';
const ownerType = 'application/vnd.terroir.workspace.v1';
const ownerTag = 'workspace';
const ownerKey = 'dev.terroir.database';

/**
 * The large contents of a workspace whose machines share no folder, in a repository of its registry. Each has a manifest with a tag of its
 * own, so that no registry's collector takes it for loose.
 */
export function createExternalContents(open: () => Promise<RegistryClient>, registry: string): ExternalContents {
  const repository = async (): Promise<RemoteRepository> => contentsOf(await open(), registry);
  return {
    name: registry,
    push: async (file, { digest, size }) => {
      const remote = await repository();
      const content = { mediaType: 'application/octet-stream', digest: `sha256:${digest}`, size };
      await remote.pushBlob({ ...content, open: (start) => readFileRange(file, { start }) });
      const id = randomUUID();
      return await pushArtifact(remote, {
        artifactType,
        layers: [content],
        reference: `${digest.slice(0, 32)}-${id}`,
        annotations: { 'org.opencontainers.image.created': now(), 'dev.terroir.push': id },
      });
    },
    pull: async function* ({ digest }) {
      yield* (await repository()).readBlob(`sha256:${digest}`);
    },
    remove: async (place) => {
      try {
        await (await repository()).deleteManifest(place);
      } catch (error) {
        // Many registries delete nothing, or not for everybody: then it stays.
        const isRefused = isAppError(error, 'HTTP_ERROR') && error.details?.status === 405;
        if (!isRefused && !isAppError(error, 'PERMISSION_DENIED')) throw error;
      }
    },
    claim: async (database) => {
      const remote = await repository();
      const known = await ownerOf(remote);
      if (known !== undefined) return known;
      const annotations = { [ownerKey]: database };
      await pushArtifact(remote, { artifactType: ownerType, layers: [], reference: ownerTag, annotations });
      return (await ownerOf(remote)) ?? database;
    },
  };
}

/** True if the registry has (still) been taken for a workspace. */
export async function isClaimed(client: RegistryClient, registry: string): Promise<boolean> {
  return (await ownerOf(contentsOf(client, registry))) !== undefined;
}

function contentsOf(client: RegistryClient, registry: string): RemoteRepository {
  const place = parseImage(repositoryBelow(registry, contentsRepository));
  if (place === undefined) throw new Error(`no registry: ${registry}`);
  return client.repository(place.registry, place.repository);
}

/** The database whose contents the registry has. */
async function ownerOf(remote: RemoteRepository): Promise<string | undefined> {
  if ((await remote.findManifest(ownerTag)) === undefined) return undefined;
  const { bytes } = await remote.readManifest(ownerTag);
  const { annotations } = JSON.parse(bytes.toString('utf8')) as { annotations?: Record<string, string> };
  return annotations?.[ownerKey];
}
