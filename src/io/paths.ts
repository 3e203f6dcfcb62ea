import { isAbsolute, relative, resolve, sep } from 'node:path';
import { AppError } from '../errors/index.ts';

/** True if `path` is `root` or below it. Both are taken as they are; links are not followed. */
export function isInside(root: string, path: string): boolean {
  const way = relative(resolve(root), resolve(path));
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/**
 * The absolute path of `path` below `root`. Paths that come from outside go through here.
 * @throws AppError HOSTILE_ARCHIVE if it is absolute, climbs out, or holds a NUL byte.
 */
export function resolveInside(root: string, path: string): string {
  const absolute = resolve(root, path);
  if (path.includes('\0') || isAbsolute(path) || path.split(/[\\/]/).includes('..') || !isInside(root, absolute)) {
    throw new AppError('HOSTILE_ARCHIVE', `\`${path.replaceAll('\0', '\\0')}\` points outside of \`${root}\``);
  }
  return absolute;
}
