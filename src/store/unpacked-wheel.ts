import { z } from 'zod';

export const UnpackedFile = z.object({
  /** In the wheel, with `/`. */
  path: z.string(),
  size: z.number(),
  sha256: z.string(),
  executable: z.boolean(),
});
export type UnpackedFile = z.infer<typeof UnpackedFile>;

/** What a plan has to know of a wheel. */
export const UnpackedWheel = z.object({
  format: z.literal(1),
  sha256: z.string(),
  filename: z.string(),
  /** The `.dist-info` and `.data` folders' names. */
  distInfo: z.string(),
  data: z.string(),
  name: z.string(),
  version: z.string(),
  rootIsPurelib: z.boolean(),
  consoleScripts: z.array(z.object({ name: z.string(), module: z.string(), object: z.string() })),
  guiScripts: z.array(z.object({ name: z.string(), module: z.string(), object: z.string() })),
  requiresPython: z.string().optional(),
  files: z.array(UnpackedFile),
  /** The lines of RECORD for the files outside of `.data` and RECORD itself, sorted. */
  record: z.string(),
  /** `.data/scripts/` files that begin with `#!python`: their bytes after the first line, as latin-1. */
  pythonScripts: z.array(z.object({ path: z.string(), body: z.string() })),
  /** Where the files are; not stored. */
  folder: z.string().default(''),
});
export type UnpackedWheel = z.infer<typeof UnpackedWheel>;
