import { AppError } from '../errors/index.ts';

/** `key=value` words as a record. */
export function readTags(words: readonly string[]): Record<string, string> | undefined {
  if (words.length === 0) return undefined;
  const tags: [string, string][] = [];
  for (const word of words) {
    const split = word.indexOf('=');
    if (split < 1) {
      throw new AppError('USAGE', `\`${word}\` is no tag`, {
        hint: 'Write it as `key=value`, for example `--tag team=vision`.',
      });
    }
    tags.push([word.slice(0, split), word.slice(split + 1)]);
  }
  return Object.fromEntries(tags);
}
