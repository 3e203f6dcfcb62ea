import type { PlatformImage } from '../api/types.ts';

export type Layer = PlatformImage['layers'][number];

const kinds = {
  base: 'base image',
  steps: 'Docker steps',
  packages: 'packages',
  environment: 'environment',
  bytecode: 'bytecode',
} as const;

/** What a layer holds. */
export function layerTitle({ kind, packages }: Layer): string {
  return packages.length === 0 ? kinds[kind] : packages.join(', ');
}
