import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { AppError } from '../errors/index.ts';
import { type FileFacts, fileFacts, isInside, linkTarget, readFolder, realPath } from '../io/index.ts';
import type { IgnoreLevels } from './ignore-levels.ts';
import type { LeftOut, LeftOutReason } from './left-out.ts';
import { environmentMarks, neverIncluded } from './never-included.ts';

export interface FoundFile {
  /** Relative, with `/`. */
  path: string;
  absolute: string;
  facts: FileFacts;
}

export interface FoundTree {
  files: FoundFile[];
  links: { path: string; target: string }[];
  leftOut: LeftOut[];
}

export interface WalkOptions {
  levels: IgnoreLevels;
  /** Absolute paths that are not entered. */
  exclude: readonly string[];
  maximumFiles: number;
  signal?: AbortSignal;
}

/** Finds what belongs to the snapshot of a folder, without reading content. */
export async function walkFolder(root: string, options: WalkOptions): Promise<FoundTree> {
  const found: FoundTree = { files: [], links: [], leftOut: [] };
  const realRoot = realPath(root) ?? root;
  const leave = (path: string, reason: LeftOutReason): void => {
    found.leftOut.push({ path, reason });
  };

  const visit = async (folder: string, levels: IgnoreLevels): Promise<void> => {
    options.signal?.throwIfAborted();
    for (const { name, kind } of readFolder(join(root, folder))) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const absolute = join(root, path);
      const shown = kind === 'folder' ? `${path}/` : path;
      const never = neverIncluded(name);
      if (never !== undefined) leave(shown, never);
      else if (levels.isIgnored(path, kind === 'folder')) leave(shown, 'ignored');
      else if (!isPortableName(name)) leave(shown, 'unusable');
      else if (kind === 'folder') await visitFolder(path, absolute, levels);
      else if (kind === 'link') takeLink(path);
      else if (kind === 'file') takeFile(path, absolute);
      else leave(shown, 'unusable');
    }
  };

  const visitFolder = async (path: string, absolute: string, levels: IgnoreLevels): Promise<void> => {
    if (options.exclude.includes(absolute)) return leave(`${path}/`, 'generated');
    if (environmentMarks.some((mark) => fileFacts(join(absolute, mark)) !== undefined))
      return leave(`${path}/`, 'generated');
    try {
      await visit(path, await levels.enter(path, absolute));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'PERMISSION_DENIED') throw error;
      leave(`${path}/`, 'unusable');
    }
  };

  const takeFile = (path: string, absolute: string): void => {
    const facts = fileFacts(absolute);
    if (facts?.kind !== 'file') return;
    found.files.push({ path, absolute, facts });
    if (found.files.length <= options.maximumFiles) return;
    throw new AppError(
      'SNAPSHOT_TOO_LARGE',
      `\`${root}\` holds more than ${options.maximumFiles} files that would belong to the run`,
      {
        hint: 'Name folders that the run does not need in `.amlignore` (or `.gitignore`), or run in a folder that holds only the code.',
      },
    );
  };

  const takeLink = (path: string): void => {
    const target = targetInside(root, realRoot, path);
    if (target === undefined) leave(path, 'outside');
    else found.links.push({ path, target });
  };

  await visit('', options.levels);
  return found;
}

/**
 * What the target of the link at `path` is to be in a copy of the folder; undefined if it leads out of it. What is written in terms of the
 * folder's own place (`/home/me/code/a`, `../code/a`) comes out in terms of the link's.
 */
export function targetInside(root: string, realRoot: string, path: string): string | undefined {
  const link = join(root, path);
  const target = linkTarget(link);
  const real = realPath(link);
  if (real !== undefined && !isInside(realRoot, real)) return undefined;
  if (!isAbsolute(target) && !climbs(join(dirname(path), target))) return target;
  // Where it leads, from the folder; of a link to nothing as far as its text says.
  const places =
    real === undefined
      ? [root, realRoot].map((from) => relative(from, resolve(dirname(link), target)))
      : [relative(realRoot, real)];
  const place = places.find((way) => !climbs(way));
  return place === undefined ? undefined : relative(dirname(path), place) || '.';
}

/** True if a relative path leads above where it begins. */
function climbs(way: string): boolean {
  return way === '..' || way.startsWith('../');
}

/** Names that are not UTF-8 read back with U+FFFD; a backslash would be a separator elsewhere. */
function isPortableName(name: string): boolean {
  return !name.includes('\uFFFD') && !name.split('\\').includes('..');
}
