import * as z from 'zod';
import { AppError, isAppError } from '../../errors/index.ts';
import type { HttpResponse } from '../../io/index.ts';
import { readJson } from './failure.ts';
import { nextPath } from './remote-manifests.ts';
import type { Transport } from './transport.ts';

const CatalogPage = z.looseObject({ repositories: z.array(z.string()).nullish() });

/** What Docker's registry has besides the specification (`/v2/_catalog`), and with it many others; some show it to nobody. */
export async function* listRemoteRepositories(
  transport: Transport,
  registry: string,
  signal?: AbortSignal,
): AsyncIterableIterator<string> {
  const place = { registry, repository: '', scope: 'registry:catalog:*' };
  let path: string | undefined = '_catalog?n=1000';
  for (const seen = new Set<string>(); path !== undefined && !seen.has(path); ) {
    seen.add(path);
    const request = { path, expect: [200], what: 'the list of repositories', signal };
    const response: HttpResponse = await transport.send(place, request).catch((error: unknown) => {
      throw isRefusal(error) ? noCatalog(registry, error) : error;
    });
    const page = CatalogPage.safeParse(await readJson(response));
    if (!page.success) throw noCatalog(registry);
    yield* page.data.repositories ?? [];
    path = nextPath(response);
  }
}

function isRefusal(error: unknown): boolean {
  if (isAppError(error, 'HTTP_ERROR')) return [400, 405, 501].includes(Number(error.details?.status));
  return ['IMAGE_NOT_FOUND', 'UNAUTHORIZED', 'PERMISSION_DENIED'].some(
    (code) => isAppError(error) && error.code === code,
  );
}

function noCatalog(registry: string, cause?: unknown): AppError {
  return new AppError('UNSUPPORTED_FEATURE', `\`${registry}\` does not tell which repositories it has`, {
    hint: 'What has to look at all of them does not work there.',
    cause,
  });
}
