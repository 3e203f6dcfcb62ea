import { registryError } from '../registry-error.ts';
import { type Answer, type Call, emptyAnswer } from './call.ts';
import { parseRange } from './range.ts';

/** GET and HEAD of a blob: all, or one stretch of it. */
export async function getBlob({ repository, item, headers, isHead }: Call): Promise<Answer> {
  const blob = await repository.findBlob(item);
  if (blob === undefined) throw unknown(item);
  const etag = `"${blob.digest}"`;
  const facts = {
    'docker-content-digest': blob.digest,
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000, immutable',
  };
  if (isKnown(headers['if-none-match'], etag)) return { status: 304, headers: facts };
  const isSame = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = isSame ? parseRange(headers.range, blob.size) : undefined;
  if (range === 'unsatisfiable') return emptyAnswer(416, { ...facts, 'content-range': `bytes */${blob.size}` });
  const size = range === undefined ? blob.size : range.end - range.start + 1;
  const sent = {
    ...facts,
    'content-type': 'application/octet-stream',
    'content-length': String(size),
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${blob.size}` }),
  };
  const status = range === undefined ? 200 : 206;
  if (isHead) return { status, headers: sent };
  const body = await repository.readBlob(blob.digest, range);
  if (body === undefined) throw unknown(item);
  return { status, headers: sent, body };
}

export async function deleteBlob({ repository, item }: Call): Promise<Answer> {
  if (!(await repository.deleteBlob(item))) throw unknown(item);
  return emptyAnswer(202, {});
}

/** `If-None-Match`, which may name several. */
export function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}

function unknown(digest: string) {
  return registryError('BLOB_UNKNOWN', 'the repository has no such blob', { detail: { digest } });
}
