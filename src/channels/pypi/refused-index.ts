import { AppError, isAppError, stripUserInfo } from '../../errors/index.ts';
import type { Http } from '../../io/index.ts';
import { simpleAccept } from './simple-page.ts';
import type { IndexPlan } from './uv-environment.ts';

/** How long an index that says nothing may hold up what is done already, in milliseconds. */
const patience = 5000;

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
  for (const index of addressesOf(plan)) {
    const refusal = await askFor(name, index, http, signal);
    if (refusal === undefined) continue;
    return new AppError(
      'UNAUTHORIZED',
      `\`${name}\` was not found, and the index \`${stripUserInfo(index)}\` wants credentials, or other ones`,
      {
        hint: refusal.hint,
        details: refusal.details,
        cause: failure,
      },
    );
  }
  return failure;
}

/**
 * With several indexes one that refuses is passed over without a word, and a resolution may succeed with other packages than its owner has there.
 * Those that gave nothing are asked once more, for the packages that were found elsewhere: which ones refuse, and how.
 */
export async function findRefusing(
  found: readonly { name: string; index: string | undefined }[],
  plan: IndexPlan,
  http: Http,
  signal: AbortSignal | undefined,
): Promise<{ index: string; name: string; refusal: AppError }[]> {
  const first = found.find(({ index }) => index !== undefined);
  if (plan.noIndex || first === undefined) return [];
  const giving = new Set(found.map(({ index }) => plainAddress(index ?? '')));
  const limit = AbortSignal.any([AbortSignal.timeout(patience), ...(signal === undefined ? [] : [signal])]);
  const asked = addressesOf(plan)
    .filter((index) => !giving.has(plainAddress(index)))
    .map(async (index) => {
      const refusal = await askFor(first.name, index, http, limit);
      return refusal === undefined ? [] : [{ index: stripUserInfo(index), name: first.name, refusal }];
    });
  return (await Promise.all(asked)).flat();
}

/** Without user info and without a slash at the end: the same place has the same text. */
export function plainAddress(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//').replace(/\/+$/, '');
}

function addressesOf(plan: IndexPlan): string[] {
  return [plan.indexUrl, ...plan.extraIndexUrls].filter(
    (index) => index !== undefined && /^https?:/.test(index),
  ) as string[];
}

/** The index's refusal; undefined if it answers, or fails in another way. */
async function askFor(
  name: string,
  index: string,
  http: Http,
  signal: AbortSignal | undefined,
): Promise<AppError | undefined> {
  try {
    const response = await http.get(`${index.replace(/\/+$/, '')}/${name}/`, {
      headers: { accept: simpleAccept },
      signal,
    });
    await response.bytes();
    return undefined;
  } catch (error) {
    return isAppError(error, 'UNAUTHORIZED') ? error : undefined;
  }
}
