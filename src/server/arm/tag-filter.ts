/** Whether tags have `key`, or `key=value`. */
export function hasTag(tags: Readonly<Record<string, string>>, wanted: string): boolean {
  const split = wanted.indexOf('=');
  if (split === -1) return Object.hasOwn(tags, wanted);
  return tags[wanted.slice(0, split)] === wanted.slice(split + 1);
}
