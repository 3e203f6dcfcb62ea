import { randomUUID } from 'node:crypto';
import { isAppError } from '../../errors/index.ts';
import { appendToFile, createFile, digestOfFile, removeFile, statIfExists } from '../../io/index.ts';
import { algorithmOf, checkUploadId, type DigestAlgorithm, startDigest } from '../names.ts';
import { registryError } from '../registry-error.ts';

export interface BlobFacts {
  digest: string;
  size: number;
}

/** One stretch of an upload. */
export interface Piece {
  body: AsyncIterable<Uint8Array>;
  /** Ends the body from outside, also while it waits for more. */
  stop?: () => void;
  /** Where the client says that it belongs; behind what is there if it does not say. */
  start?: number;
  /** How long the client says that it is. */
  length?: number;
  /** So many bytes may the whole upload have. */
  largest?: number;
  /** Which digest will be asked for in the end, if that is known. */
  algorithm?: DigestAlgorithm;
}

/** Uploads outlive connections and servers: what is there is as long as its file. */
export interface Uploads {
  start: (repository: string) => Promise<string>;
  /** How many bytes are there. @throws BLOB_UPLOAD_UNKNOWN. */
  offset: (repository: string, id: string) => Promise<number>;
  /**
   * Adds a stretch; the new offset. Whoever was still adding is cut off first: its connection is dead, or its client is confused.
   * @throws BLOB_UPLOAD_UNKNOWN, SIZE_INVALID (what is larger than it may be is gone then), AppError with the status 416 if the stretch does not belong here.
   */
  append: (repository: string, id: string, piece: Piece) => Promise<number>;
  /** Makes content of it, under its SHA-256 if no digest is wanted. @throws DIGEST_INVALID (the upload is gone then), BLOB_UPLOAD_UNKNOWN. */
  finish: (repository: string, id: string, wanted?: string) => Promise<BlobFacts>;
  cancel: (repository: string, id: string) => Promise<void>;
}

/** Where uploads are until they are whole, and what becomes of them. */
export interface UploadPlaces {
  /** The file of an upload, whose id was checked. */
  path: (repository: string, id: string) => string;
  /** Takes in what was found to be right; the file is gone then. False if there was none (any more). */
  keep: (repository: string, file: string, blob: BlobFacts) => Promise<boolean>;
  /** Milliseconds after its last byte in which an upload may be gone on with. */
  lifetime: number;
}

/** What this process knows of an upload beyond its file. */
interface Session {
  algorithm: DigestAlgorithm;
  hash: ReturnType<typeof startDigest>;
  hashed: number;
  /** Cuts off who is adding now, and waits until its last bytes are in the file. */
  stop?: () => Promise<void>;
}

const sessionsAtMost = 1000;

export function createUploads({ path, keep, lifetime }: UploadPlaces): Uploads {
  const sessions = new Map<string, Session>();

  const file = (repository: string, id: string): string => path(repository, checkUploadId(id));
  const unknown = (id: string) => registryError('BLOB_UPLOAD_UNKNOWN', `no upload \`${id}\` is under way`);

  const offset = async (repository: string, id: string): Promise<number> => {
    const stats = await statIfExists(file(repository, id));
    if (stats === undefined) throw unknown(id);
    if (Date.now() - stats.mtimeMs < lifetime || sessions.get(id)?.stop !== undefined) return stats.size;
    await removeFile(file(repository, id));
    throw unknown(id);
  };

  const session = (id: string, algorithm: DigestAlgorithm): Session => {
    const known = sessions.get(id);
    if (known !== undefined) return known;
    const [oldest] = sessions.size >= sessionsAtMost ? sessions.keys() : [];
    if (oldest !== undefined) sessions.delete(oldest);
    const made = { algorithm, hash: startDigest(algorithm), hashed: 0 };
    sessions.set(id, made);
    return made;
  };

  const write = async (repository: string, id: string, piece: Piece, position: number): Promise<number> => {
    const { largest = Number.POSITIVE_INFINITY } = piece;
    if (position + (piece.length ?? 0) > largest) {
      await cancel(repository, id);
      throw tooLarge(largest);
    }
    const current = session(id, piece.algorithm ?? 'sha256');
    const isHashing = current.hashed === position;
    let size = position;
    const onPiece = (bytes: Uint8Array): void => {
      if (piece.length !== undefined && size + bytes.length - position > piece.length) throw tooLong(piece.length);
      if (size + bytes.length > largest) throw tooLarge(largest);
      size += bytes.length;
      if (!isHashing) return;
      current.hash.update(bytes);
      current.hashed = size;
    };
    const writing = appendToFile(file(repository, id), piece.body, { position, onPiece });
    current.stop = async () => {
      piece.stop?.();
      await writing.catch(() => undefined);
    };
    try {
      await writing;
    } catch (error) {
      // What the disk refused may be missing from what came before, and the system says so only once: then nothing of it counts.
      if (isAppError(error, 'DISK_FULL') || isAppError(error, 'INTERNAL')) await cancel(repository, id);
      if (isAppError(error, 'INVALID_IMAGE') && error.details?.status === 413) await cancel(repository, id);
      if (isAppError(error, 'FILE_NOT_FOUND')) throw unknown(id);
      throw error;
    } finally {
      current.stop = undefined;
    }
    if (piece.length !== undefined && size - position < piece.length) throw tooShort(size - position, piece.length);
    return size;
  };

  const cancel = async (repository: string, id: string): Promise<void> => {
    sessions.delete(id);
    if (!(await removeFile(file(repository, id)))) throw unknown(id);
  };

  return {
    start: async (repository) => {
      const id = randomUUID();
      await createFile(path(repository, id));
      return id;
    },
    offset,
    append: async (repository, id, piece) => {
      await sessions.get(id)?.stop?.();
      const position = await offset(repository, id);
      if (piece.start !== undefined && piece.start !== position) throw outOfOrder(id, position);
      return await write(repository, id, piece, position);
    },
    finish: async (repository, id, wanted) => {
      await sessions.get(id)?.stop?.();
      const size = await offset(repository, id);
      const known = sessions.get(id);
      const algorithm = algorithmOf(wanted ?? '');
      const isHashed = known !== undefined && known.hashed === size && known.algorithm === algorithm;
      const whole = file(repository, id);
      const hex = isHashed ? known.hash.copy().digest('hex') : await digestOfFile(whole, algorithm);
      const digest = `${algorithm}:${hex}`;
      if (wanted !== undefined && digest !== wanted) {
        await cancel(repository, id);
        throw registryError('DIGEST_INVALID', `what was sent has the digest \`${digest}\`, not \`${wanted}\``);
      }
      sessions.delete(id);
      if (!(await keep(repository, whole, { digest, size }))) throw unknown(id);
      return { digest, size };
    },
    cancel: async (repository, id) => {
      await offset(repository, id);
      await sessions.get(id)?.stop?.();
      await cancel(repository, id);
    },
  };
}

function outOfOrder(id: string, offset: number) {
  return registryError('BLOB_UPLOAD_INVALID', `the upload \`${id}\` goes on at byte ${offset}`, {
    status: 416,
    detail: { offset },
  });
}

function tooLong(length: number) {
  return registryError('SIZE_INVALID', `more was sent than the ${length} bytes that were announced`);
}

function tooLarge(largest: number) {
  return registryError('SIZE_INVALID', `an upload may have ${largest} bytes at most`, { status: 413 });
}

function tooShort(size: number, length: number) {
  return registryError('SIZE_INVALID', `${size} bytes were sent instead of the ${length} that were announced`);
}
