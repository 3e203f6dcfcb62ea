import { AppError, isAppError } from '../../errors/index.ts';
import type { Http } from '../../io/index.ts';
import type { PypiPackage } from '../../schema/index.ts';
import { type FilePlaces, findFiles } from './find-file.ts';

/**
 * Downloads a locked wheel to `file`, verified: from the address of the lock; where that is gone, from wherever the configured indexes offer
 * the same file (mirrors move files, the digest tells that it is the same).
 * @throws AppError UNREACHABLE, HTTP_ERROR, UNAUTHORIZED, DIGEST_MISMATCH, OFFLINE.
 */
export async function fetchWheel(
  pkg: PypiPackage,
  file: string,
  options: { http: Http; places: FilePlaces; signal?: AbortSignal; onProgress?: (done: number) => void },
): Promise<void> {
  const { http, places, signal, onProgress } = options;
  const wanted = { sha256: pkg.sha256, size: pkg.size > 0 ? pkg.size : undefined, signal, onProgress };
  let failure: unknown;
  if (pkg.url !== undefined) {
    try {
      await http.download(pkg.url, file, wanted);
      return;
    } catch (error) {
      if (!isAppError(error) || !['HTTP_ERROR', 'UNREACHABLE', 'FILE_NOT_FOUND'].includes(error.code)) throw error;
      failure = error;
    }
  }
  const indexes = [...new Set([...(pkg.index === undefined ? [] : [pkg.index]), ...places.indexes])];
  const offers = await findFiles(http, { indexes, findLinks: places.findLinks }, pkg.name, pkg.filename).catch(() => []);
  for (const { url, sha256 } of offers) {
    if (url === pkg.url || (sha256 !== undefined && sha256 !== pkg.sha256)) continue;
    try {
      await http.download(url, file, wanted);
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw new AppError(isAppError(failure) ? failure.code : 'HTTP_ERROR', `\`${pkg.filename}\` cannot be fetched${failure instanceof Error ? `: ${failure.message}` : ''}`, {
    hint: 'No configured index has it under this digest. A completed run keeps its packages in its workspace; another machine’s store may have it too.',
    cause: failure,
  });
}
