import { moveFile, removeFile, renewFile, statIfExists } from '../../io/index.ts';

/**
 * How things are removed while others push, without a lock. What is promised to a client ("that blob is here, you need not send it") is renewed when it
 * has not been used for half of the grace; only what was not used for the whole of it is removed, and by way of another name: who renews it in the very
 * moment finds it there and takes it back, and the remover sees that it was renewed and puts it back.
 */
export interface Grace {
  /** Milliseconds. */
  grace: number;
}

const aside = (path: string): string => `${path}.tmp`;

/** True if the file is there and will stay for at least half of the grace. */
export async function affirm(path: string, { grace }: Grace): Promise<boolean> {
  const stats = await statIfExists(path);
  if (stats === undefined) return await takeBack(path);
  if (Date.now() - lastUse(stats) < grace / 2) return true;
  return (await renewFile(path)) || (await takeBack(path));
}

/** Somebody may be about to remove it: then it comes back, renewed, by us or by whoever was about to. */
async function takeBack(path: string): Promise<boolean> {
  if ((await renewFile(aside(path))) && (await moveFile(aside(path), path))) return true;
  return (await statIfExists(path)) !== undefined;
}

/** Removes the file unless somebody used it after `before` (milliseconds since 1970). The bytes that it had, or undefined if it stays. */
export async function retire(path: string, before: number): Promise<number | undefined> {
  const seen = await statIfExists(path);
  if (seen === undefined || lastUse(seen) > before) return undefined;
  if (!(await moveFile(path, aside(path)))) return undefined;
  const now = await statIfExists(aside(path));
  if (now === undefined) return undefined;
  if (now.mtimeMs !== seen.mtimeMs) {
    await moveFile(aside(path), path);
    return undefined;
  }
  return (await removeFile(aside(path))) ? seen.size : undefined;
}

/** A linked file keeps the modification time that it had elsewhere; the change time says when it came. */
export function lastUse({ mtimeMs, ctimeMs }: { mtimeMs: number; ctimeMs: number }): number {
  return Math.max(mtimeMs, ctimeMs);
}
