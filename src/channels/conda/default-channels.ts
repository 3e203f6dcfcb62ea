import type { Platform } from '../../schema/index.ts';

/** What a definition without channels is solved against. */
export const defaultChannel = 'conda-forge';

/** Where a name stands for a channel, unless somebody configured another alias: conda's own default. */
export const publicAlias = 'https://conda.anaconda.org';

/** Where `pkgs/main` and its like are. */
export const publicPlace = 'https://repo.anaconda.com';

/** What `defaults` stands for, unless somebody configured it: conda's own list. */
export function publicDefaults(platform: Platform): string[] {
  return ['main', 'r', ...(platform === 'win-64' ? ['msys2'] : [])].map((name) => `${publicPlace}/pkgs/${name}`);
}
