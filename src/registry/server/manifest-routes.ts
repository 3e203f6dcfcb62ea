import { registryError } from '../registry-error.ts';
import { largestManifest } from '../store/read-manifest.ts';
import { isKnown } from './blob-routes.ts';
import { type Answer, type Call, emptyAnswer } from './call.ts';

export async function getManifest({ repository, item, headers, isHead }: Call): Promise<Answer> {
  const manifest = await repository.findManifest(item);
  if (manifest === undefined) throw await unknown(repository, item);
  const etag = `"${manifest.digest}"`;
  const facts = { 'docker-content-digest': manifest.digest, etag };
  if (isKnown(headers['if-none-match'], etag)) return { status: 304, headers: facts };
  const sent = { ...facts, 'content-type': manifest.mediaType, 'content-length': String(manifest.size) };
  return { status: 200, headers: sent, body: isHead ? undefined : await repository.readManifest(manifest) };
}

/** PUT by tag or digest; `tag` in the query gives it further tags. */
export async function putManifest({ repository, item, headers, query, body }: Call): Promise<Answer> {
  const bytes = await collect(body);
  const tags = query.getAll('tag');
  const { digest, subject } = await repository.putManifest({
    bytes,
    contentType: headers['content-type'],
    reference: item,
    tags,
  });
  return emptyAnswer(201, {
    location: `/v2/${repository.name}/manifests/${digest}`,
    'docker-content-digest': digest,
    ...(subject === undefined ? {} : { 'oci-subject': subject }),
    ...(tags.length === 0 ? {} : { 'oci-tag': tags.join(', ') }),
  });
}

export async function deleteManifest({ repository, item }: Call): Promise<Answer> {
  if (!(await repository.deleteManifest(item))) throw await unknown(repository, item);
  return emptyAnswer(202, {});
}

async function collect({ pieces, length }: Call['body']): Promise<Buffer> {
  if (length !== undefined && length > largestManifest) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > largestManifest) throw tooLarge();
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

async function unknown(repository: Call['repository'], reference: string) {
  const detail = { name: repository.name, reference };
  if (await repository.exists()) return registryError('MANIFEST_UNKNOWN', 'no such manifest', { detail });
  return registryError('NAME_UNKNOWN', 'no such repository', { detail });
}

function tooLarge() {
  return registryError('SIZE_INVALID', `a manifest may have ${largestManifest} bytes at most`, { status: 413 });
}
