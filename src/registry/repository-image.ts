import { AppError } from '../errors/index.ts';
import type { ImageSink, ImageSource } from '../image/index.ts';
import type { Repository } from './store/registry.ts';

/** A repository of a registry on this machine, as where images are read. */
export function repositorySource(repository: Repository, registry: string): ImageSource {
  const { name } = repository;
  return {
    name,
    repository: { registry, name },
    readManifest: async (reference = 'latest') => {
      const found = await repository.findManifest(reference);
      if (found === undefined) throw notFound(`${name}:${reference}`);
      const { mediaType, digest, size } = found;
      return { descriptor: { mediaType, digest, size }, bytes: await repository.readManifest(found) };
    },
    openBlob: async function* ({ digest }) {
      const reading = await repository.readBlob(digest);
      if (reading === undefined) throw notFound(`${name}@${digest}`);
      yield* reading.pieces();
    },
  };
}

/** The same, as where images are written. Blobs of other repositories of the registry are mounted. */
export function repositorySink(repository: Repository, registry: string): ImageSink {
  return {
    name: repository.name,
    hasBlob: async ({ digest }) => (await repository.findBlob(digest)) !== undefined,
    writeBlob: async ({ digest }, open, { from, file } = {}) => {
      if (from?.registry === registry && (await repository.mountBlob(digest, from.name))) return;
      if (file !== undefined && (await repository.linkBlob(file, digest))) return;
      await repository.addBlob(open(), digest);
    },
    writeManifest: async ({ descriptor, bytes }, { tags } = {}) => {
      await repository.putManifest({ bytes, contentType: descriptor.mediaType, reference: descriptor.digest, tags });
    },
  };
}

function notFound(what: string): AppError {
  return new AppError('IMAGE_NOT_FOUND', `\`${what}\` is not in the registry`);
}
