import { constants, copyFileSync, linkSync, rmSync, statSync, utimesSync } from 'node:fs';

/** How a file of the store gets into a prefix. */
export type Way = 'clone' | 'link' | 'copy';

const ways: readonly Way[] = ['clone', 'link', 'copy'];

/** Tries once what this pair of folders can do: clone, hard link, copy. `to` is free again afterwards. */
export function chooseWay(from: string, to: string): Way {
  for (const way of ways) {
    try {
      transfer(way, from, to);
      rmSync(to, { force: true });
      return way;
    } catch (error) {
      if (way === 'copy' || !canTryAnother(error)) throw error;
      rmSync(to, { force: true });
    }
  }
  return 'copy';
}

export function transfer(way: Way, from: string, to: string): void {
  if (way === 'link') link(from, to);
  else copy(from, to, way === 'clone' ? constants.COPYFILE_FICLONE_FORCE : 0);
}

function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    // A file may have so many names and no more.
    if ((error as NodeJS.ErrnoException).code !== 'EMLINK') throw error;
    copy(from, to, 0);
  }
}

function copy(from: string, to: string, how: number): void {
  copyFileSync(from, to, how | constants.COPYFILE_EXCL);
  if (from.endsWith('.py')) keepTime(from, to);
}

/** By a source's time Python tells whether the bytecode beside it is of it. */
export function keepTime(from: string, to: string): void {
  const { mtime } = statSync(from);
  utimesSync(to, mtime, mtime);
}

function canTryAnother(error: unknown): boolean {
  return ['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EINVAL', 'EPERM', 'ENOTTY', 'EMLINK'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );
}
