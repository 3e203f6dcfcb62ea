import { accessSync, constants, existsSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const PrefixFile = z.object({
  key: z.string(),
  path: z.string(),
  lockDigest: z.string(),
  /** '' where there is none. */
  pythonVersion: z.string(),
  /** The machine's; '' where packages bring their own, or none. */
  interpreter: z.string(),
  files: z.number(),
  bytes: z.number(),
  ownBytes: z.number(),
  /** What a user should know of it. */
  notes: z.array(z.string()).optional(),
  /** SHA-256 of `manifest.json`. */
  manifest: z.string(),
});
/** What a prefix says of itself, in `.terroir/prefix.json`. */
export type PrefixFile = z.infer<typeof PrefixFile>;

export function prefixFile(path: string): string {
  return join(path, '.terroir', 'prefix.json');
}

export function damageFile(path: string): string {
  return join(path, '.terroir', 'damaged');
}

/** What the prefix at a path says of itself; undefined if there is none, or it was made for another place. */
export function readPrefixFile(path: string): PrefixFile | undefined {
  try {
    const parsed = PrefixFile.safeParse(JSON.parse(readFileSync(prefixFile(path), 'utf8')));
    return parsed.success && parsed.data.path === path ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it can be used: not known to be damaged, and its interpreter is still there. */
export function isUsable({ path, interpreter }: PrefixFile): boolean {
  try {
    if (interpreter !== '') accessSync(join(path, 'bin', 'python'), constants.X_OK);
    return !existsSync(damageFile(path));
  } catch {
    return false;
  }
}

/** Milliseconds; undefined if there is no such prefix. */
export function lastUse(path: string): number | undefined {
  return statSync(prefixFile(path), { throwIfNoEntry: false })?.mtimeMs;
}

/** Sets the time of the last use. It may be somebody else's: then nothing happens. */
export function markUsed(path: string): void {
  try {
    const time = new Date();
    utimesSync(prefixFile(path), time, time);
  } catch {
    // Only `gc` looks at it.
  }
}
