import type { Platform } from '../../schema/index.ts';

/** What a definition without channels is solved against. */
export const defaultChannel = 'conda-forge';

/** Where a name stands for a channel, unless somebody configured another alias: conda's own default. */
export const publicAlias = 'https://conda.anaconda.org';

const publicPackages = 'https://repo.anaconda.com/pkgs';

/** What `defaults` stands for, unless somebody configured it: conda's own list. */
export function publicDefaults(platform: Platform): string[] {
  return ['main', 'r', ...(platform === 'win-64' ? ['msys2'] : [])].map((name) => `${publicPackages}/${name}`);
}
