import { AppError } from '../../errors/index.ts';
import type { AppOptions } from '../app.ts';
import { isRegistryPrefix } from './registry-prefix.ts';

/** Where in it the large contents are. */
export const contentsRepository = 'contents';

/**
 * Where the images and large contents of a workspace are whose machines share no folder: `registry.example.org/team`, from TERROIR_REGISTRY. Undefined
 * for a workspace that has them in its folder. @throws AppError USAGE.
 */
export function sharedRegistry({ env }: Pick<AppOptions, 'env'>): string | undefined {
  const named = env.TERROIR_REGISTRY;
  if (named === undefined || named === '') return undefined;
  if (!isRegistryPrefix(named))
    throw new AppError('USAGE', `TERROIR_REGISTRY is \`${named}\`, which is no registry`, {
      hint: 'Write it like `registry.example.org/team`.',
    });
  if (!env.TERROIR_DATABASE)
    throw new AppError('USAGE', 'TERROIR_REGISTRY is set, and TERROIR_DATABASE is not', {
      hint: 'Whoever shares a registry shares a database, too: `postgresql://user@host:5432/name`.',
    });
  return named.replace(/\/+$/, '');
}
