import { AppError, isAppError } from '../../errors/index.ts';
import type { Http } from '../../io/index.ts';
import type { PypiPackage } from '../../schema/index.ts';
import { expandVariables } from '../variables.ts';
import { type FilePlaces, findFiles } from './find-file.ts';

export interface FetchOptions {
  http: Http;
  places: FilePlaces;
  /** For `${VAR}` in the lock's addresses. */
  env?: Record<string, string | undefined>;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

/** With these another place is no help. */
const final = new Set(['CANCELED', 'DISK_FULL', 'PERMISSION_DENIED']);

/**
 * Downloads a locked wheel to `file`, verified: from the address of the lock; where that fails, from wherever the lock's index and the configured
 * ones offer the same file (mirrors move files, the digest tells that it is the same).
 * @throws AppError UNREACHABLE, HTTP_ERROR, UNAUTHORIZED, DIGEST_MISMATCH, OFFLINE.
 */
export async function fetchWheel(pkg: PypiPackage, file: string, options: FetchOptions): Promise<void> {
  const { http, env = {}, signal, onProgress } = options;
  const wanted = { sha256: pkg.sha256, size: pkg.size > 0 ? pkg.size : undefined, signal, onProgress };
  const failures: AppError[] = [];
  const isFetched = async (url: string): Promise<boolean> => {
    try {
      await http.download(url, file, wanted);
      return true;
    } catch (error) {
      if (!isAppError(error) || final.has(error.code)) throw error;
      failures.push(error);
      return false;
    }
  };
  const address = pkg.url === undefined ? undefined : expandVariables(pkg.url, env);
  if (address !== undefined && (await isFetched(address))) return;
  const indexes = [...(pkg.index === undefined ? [] : [expandVariables(pkg.index, env)]), ...options.places.indexes];
  const places = { indexes: [...new Set(indexes)], findLinks: options.places.findLinks };
  for await (const { url, sha256 } of findFiles(http, places, pkg.name, pkg.filename)) {
    if (url === address || (sha256 !== undefined && sha256 !== pkg.sha256)) continue;
    if (await isFetched(url)) return;
  }
  throw cannotFetch(pkg, failures[0]);
}

function cannotFetch({ filename }: PypiPackage, failure: AppError | undefined): AppError {
  if (failure?.code === 'OFFLINE') return failure;
  const reason = failure === undefined ? '' : `: ${failure.message}`;
  const hint =
    'No configured index has it under this digest. A completed run keeps its packages in its workspace; another machine’s store may have it too.';
  return new AppError(failure?.code ?? 'HTTP_ERROR', `\`${filename}\` cannot be fetched${reason}`, {
    hint: [failure?.hint, hint].filter((text) => text !== undefined).join(' '),
    details: failure?.details,
    cause: failure,
  });
}
