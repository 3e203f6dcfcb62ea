import type { Category, Definition } from '../schema/index.ts';

/** Curated ones come from the catalogue alone; the rest is told by who brings Python's packages. */
export function category(definition: Definition): Exclude<Category, 'curated'> {
  return definition.layer === undefined || definition.python.userManaged ? 'user_managed' : 'system_managed';
}
