import { isAppError } from '../../errors/index.ts';
import { algorithmOf, checkDigest, isDigest } from '../names.ts';
import { registryError, toOciFailure } from '../registry-error.ts';
import type { Piece } from '../store/uploads.ts';
import { type Answer, type Call, emptyAnswer, jsonAnswer } from './call.ts';
import { parseContentRange } from './range.ts';

/** POST: a mount, a whole blob at once, or the start of an upload. */
export async function startUpload(call: Call): Promise<Answer> {
  const { repository, query } = call;
  const mount = query.get('mount');
  if (mount !== null && (await mountBlob(call, mount))) return created(repository.name, mount);
  const digest = query.get('digest');
  if (digest !== null) checkDigest(digest);
  const id = await repository.uploads.start();
  // Some clients say which digest it will be, and send it later all the same.
  if (digest === null || call.body.length === 0) return accepted(repository.name, id, 0);
  try {
    await repository.uploads.append(id, { ...pieceOf(call), algorithm: algorithmOf(digest) });
    await repository.uploads.finish(id, digest);
  } catch (error) {
    await repository.uploads.cancel(id).catch(() => undefined);
    throw error;
  }
  return created(repository.name, digest);
}

/** What cannot be mounted is uploaded instead: no error. */
async function mountBlob({ repository, query, mayRead }: Call, digest: string): Promise<boolean> {
  const from = query.get('from') ?? undefined;
  if (!isDigest(digest)) return false;
  try {
    return await repository.mountBlob(digest, from, { mayRead });
  } catch (error) {
    if (isAppError(error, 'INVALID_NAME')) return false;
    throw error;
  }
}

/** PATCH: the next stretch. */
export async function continueUpload(call: Call): Promise<Answer> {
  return await inOrder(call, async () => {
    const offset = await call.repository.uploads.append(call.item, pieceOf(call));
    return accepted(call.repository.name, call.item, offset);
  });
}

/** PUT: the last stretch, if there is one, and the digest of the whole. */
export async function finishUpload(call: Call): Promise<Answer> {
  const { repository, item, query, body } = call;
  return await inOrder(call, async () => {
    const digest = query.get('digest');
    if (digest === null) throw registryError('DIGEST_INVALID', 'an upload ends with the digest of the whole');
    checkDigest(digest);
    if (body.length !== 0) {
      await repository.uploads.append(item, { ...pieceOf(call), algorithm: algorithmOf(digest) });
    }
    await repository.uploads.finish(item, digest);
    return created(repository.name, digest);
  });
}

/** GET: how far it is. */
export async function uploadStatus({ repository, item }: Call): Promise<Answer> {
  const offset = await repository.uploads.offset(item);
  return { status: 204, headers: progress(repository.name, item, offset) };
}

export async function cancelUpload({ repository, item }: Call): Promise<Answer> {
  await repository.uploads.cancel(item);
  return { status: 204, headers: {} };
}

/** A stretch that does not follow what is there is answered with where to go on. */
async function inOrder({ repository, item }: Call, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!isAppError(error) || error.details?.status !== 416) throw error;
    const { errors } = toOciFailure(error);
    return jsonAnswer(416, { errors }, progress(repository.name, item, await repository.uploads.offset(item)));
  }
}

function pieceOf({ headers, body }: Call): Piece {
  const { pieces, stop, length, largest } = body;
  const header = headers['content-range'];
  if (header === undefined) return { body: pieces, stop, length, largest };
  const range = parseContentRange(header);
  const size = range === undefined ? 0 : range.end - range.start + 1;
  if (range === undefined || (length !== undefined && length !== size)) {
    throw registryError('BLOB_UPLOAD_INVALID', 'the range is none, or not as long as what comes with it', {
      status: 416,
    });
  }
  return { body: pieces, stop, length: size, start: range.start, largest };
}

function accepted(repository: string, id: string, offset: number): Answer {
  return emptyAnswer(202, progress(repository, id, offset));
}

/** `0-0` also stands for nothing at all: clients expect a number. */
function progress(repository: string, id: string, offset: number): Record<string, string> {
  return {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(offset - 1, 0)}`,
    'docker-upload-uuid': id,
  };
}

function created(repository: string, digest: string): Answer {
  return emptyAnswer(201, { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest });
}
