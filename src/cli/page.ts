import type { OptionFacts, OptionValues } from './command.ts';
import { readLimit } from './whole-number.ts';

/** Of every command that lists. */
export const pageOptions: readonly OptionFacts[] = [
  { flags: '--limit <n>', description: 'At most so many', default: '50' },
  { flags: '--cursor <cursor>', description: 'Go on where an earlier page ended (its `next`)' },
];

export function readPage(options: OptionValues): { limit: number; cursor: string | undefined } {
  return { limit: readLimit(options), cursor: options.text('cursor') };
}

interface Listed {
  next: string | null;
  /** Whether only some of them were asked for. */
  isNarrowed: boolean;
  /** "runs". */
  what: string;
  /** How the first one comes to be. */
  first: string;
}

/** A page of a list: its table, and how to see more of it. Where there is none, why. */
export function pageText(rows: string, { next, isNarrowed, what, first }: Listed): string {
  if (rows === '') return isNarrowed ? `no ${what} of that kind` : `no ${what} yet: ${first}`;
  return next === null ? rows : `${rows}\n… more: --cursor ${next}`;
}
