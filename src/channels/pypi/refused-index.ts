import { AppError, isAppError, stripUserInfo } from '../../errors/index.ts';
import type { Http } from '../../io/index.ts';
import { simpleAccept } from './simple-page.ts';
import type { IndexPlan } from './uv-environment.ts';

/**
 * To uv an index that refuses is one that does not have the package. So where one was not found, the indexes are asked again: the error of one that
 * refuses, else `failure` itself.
 */
export async function explainMissing(
  failure: unknown,
  plan: IndexPlan,
  http: Http,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (!isAppError(failure, 'UNSOLVABLE')) return failure;
  const name = /\b(\S+) was not found in the package registry/.exec(failure.message)?.[1];
  if (name === undefined) return failure;
  for (const index of [...(plan.indexUrl === undefined ? [] : [plan.indexUrl]), ...plan.extraIndexUrls]) {
    if (!/^https?:/.test(index)) continue;
    try {
      const response = await http.get(`${index.replace(/\/+$/, '')}/${name}/`, {
        headers: { accept: simpleAccept },
        signal,
      });
      await response.bytes();
    } catch (error) {
      if (!isAppError(error, 'UNAUTHORIZED')) continue;
      return new AppError(
        'UNAUTHORIZED',
        `\`${name}\` was not found, and the index \`${stripUserInfo(index)}\` wants credentials, or other ones`,
        {
          hint: error.hint,
          details: error.details,
          cause: failure,
        },
      );
    }
  }
  return failure;
}
