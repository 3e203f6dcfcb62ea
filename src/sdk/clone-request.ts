import type { cloneEnvironment } from '../app/index.ts';
import type { CloneOptions } from './types.ts';

/** A clone as the use case takes it. */
export function cloneRequest({
  add = [],
  remove = [],
  image,
  python,
  ...header
}: CloneOptions): Parameters<typeof cloneEnvironment>[2] {
  return { ...header, changes: { add, remove, image, python } };
}
