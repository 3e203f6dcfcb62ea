import * as z from 'zod';
import { Definition } from './definition.ts';

/** One version of a curated environment, as the package carries it. */
export const CuratedVersion = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  tags: z.record(z.string(), z.string()),
  fingerprint: z.string(),
  definitionDigest: z.string(),
  definition: Definition,
  /** The texts that it was read from, the main one first. Paths are relative to the version's folder. */
  sources: z.array(z.object({ path: z.string(), text: z.string() })),
});
export type CuratedVersion = z.infer<typeof CuratedVersion>;

/** `catalog/index.json`: every curated environment, made from the folders beside it. */
export const Catalog = z.object({
  catalogVersion: z.literal(1),
  /** SHA-256 of the canonical JSON of `versions`. */
  digest: z.string(),
  versions: z.array(CuratedVersion),
});
export type Catalog = z.infer<typeof Catalog>;
