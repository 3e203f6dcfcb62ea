import { AppError } from '../../errors/index.ts';
import type { AppOptions } from '../app.ts';
import { isRegistryPrefix } from './registry-prefix.ts';

/** Characters; with our own behind them, names of repositories must not have more than 255. */
const longest = 200;

/** Where in it the large contents are. */
export const contentsRepository = 'contents';

/** The environment in which a workspace has its records and images in its folder, wherever others have theirs. */
export function envOfFolder(env: AppOptions['env']): AppOptions['env'] {
  return { ...env, TERROIR_DATABASE: undefined, TERROIR_REGISTRY: undefined };
}

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
  if (named.length > longest)
    throw new AppError('USAGE', `TERROIR_REGISTRY has ${named.length} characters, and names of images go behind it`, {
      hint: `Use a shorter path: at most ${longest}.`,
    });
  if (!env.TERROIR_DATABASE)
    throw new AppError('USAGE', 'TERROIR_REGISTRY is set, and TERROIR_DATABASE is not', {
      hint: 'Whoever shares a registry shares a database, too: `postgresql://user@host:5432/name`.',
    });
  return named.replace(/\/+$/, '');
}
