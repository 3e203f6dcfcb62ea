import { type AppError, isAppError } from '../../errors/index.ts';
import { registryError } from '../registry-error.ts';

/** Codes of a registry that did not find what a manifest names. */
const unknown = new Set(['MANIFEST_BLOB_UNKNOWN', 'BLOB_UNKNOWN', 'MANIFEST_UNKNOWN']);

/** What our client makes of an answer that is none of success. */
const answers: ReadonlySet<string> = new Set(['HTTP_ERROR', 'IMAGE_NOT_FOUND', 'DIGEST_MISMATCH']);

/** Does what asks the registry; what that refuses is said in the words that our own registry has for it. */
export async function inOurWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw refusal(error) ?? error;
  }
}

/** The same for a manifest that is pushed: it can be wrong in ways that nothing else can. */
export async function pushingManifest<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw manifestRefusal(error) ?? refusal(error) ?? error;
  }
}

/** The same for a tag that shall go: older versions of Docker's registry take its name for a digest that is wrong. */
export async function deletingTag<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isAppError(error, 'DIGEST_MISMATCH')) throw told('UNSUPPORTED', error, 'the registry deletes no single tags');
    throw refusal(error) ?? error;
  }
}

function refusal(error: unknown): AppError | undefined {
  const { status, code } = detailsOf(error);
  if (!isAppError(error)) return undefined;
  if (code === 'DIGEST_INVALID') return told('DIGEST_INVALID', error);
  if (status === 405) return told('UNSUPPORTED', error);
  if (status === 429) return told('TOOMANYREQUESTS', error);
  if (code === 'NAME_INVALID') return told('NAME_INVALID', error);
  return undefined;
}

function manifestRefusal(error: unknown): AppError | undefined {
  const { status, code } = detailsOf(error);
  if (!isAppError(error)) return undefined;
  if (typeof code === 'string' && unknown.has(code)) return told('MANIFEST_BLOB_UNKNOWN', error);
  if (code === 'SIZE_INVALID') return told('SIZE_INVALID', error);
  const isInvalid =
    code !== 'NAME_INVALID' && code !== 'DIGEST_INVALID' && [400, 413, 415, 422].includes(Number(status));
  return isInvalid ? told('MANIFEST_INVALID', error) : undefined;
}

/** What an answer of the registry was; nothing for an error that is another's. */
function detailsOf(error: unknown): { status?: unknown; code?: unknown } {
  return isAppError(error) && answers.has(error.code) ? (error.details ?? {}) : {};
}

function told(code: Parameters<typeof registryError>[0], cause: AppError, message = cause.message): AppError {
  return registryError(code, message, { cause });
}
