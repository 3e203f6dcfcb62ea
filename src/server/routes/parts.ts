import type * as z from 'zod';
import { AppError } from '../../errors/index.ts';
import type { RouteAnswer } from '../route.ts';

/** Answers that many routes share. */
export const json = (description: string, schema: z.ZodType): RouteAnswer => ({ description, schema });

/** Of what has an ETag: whoever has it already is not sent it again. */
export const ifNoneMatch = { name: 'If-None-Match', description: 'The `ETag` of what the caller has' };
export const unchanged: Readonly<Record<304, RouteAnswer>> = { 304: { description: 'It is what the caller has' } };

export interface PageInput<Sort> {
  limit?: number | undefined;
  cursor?: string | undefined;
  sort?: Sort | undefined;
}

export interface AskedPage<Sort> {
  limit: number;
  cursor: string | undefined;
  sort: Sort | undefined;
}

export function pageOf<Sort extends string>({ limit = 50, cursor, sort }: PageInput<Sort>): AskedPage<Sort> {
  return { limit, cursor, sort };
}

/** `name` and `version` of a path as a reference. `@latest` is the most recently created. */
export function referenceOf({ name = '', version = '' }: Readonly<Record<string, string>>): string {
  return version === '@latest' ? `${name}@latest` : `${name}:${version}`;
}

/** How many bytes of a log a reader has had. */
export function lastEventOf(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new AppError('USAGE', '`Last-Event-ID` is the id of an event that came from here: a number of bytes');
}
