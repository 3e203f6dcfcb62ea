import * as z from 'zod';

/** conda's subdir names; they name platforms everywhere in Terroir. */
export const platforms = ['linux-64', 'linux-aarch64', 'osx-64', 'osx-arm64', 'win-64'] as const;

export const Platform = z.enum(platforms);
export type Platform = z.infer<typeof Platform>;
