import { mkdirSync } from 'node:fs';
import { type RewriteRequest, type Rewritten, rewriteFile } from './rewrite-file.ts';
import { transfer, type Way } from './transfer.ts';

/** A tree as both threads get it. */
export interface LinkedTree {
  /** See `readTree` of src/store. */
  text: string;
  /** Absolute folders. */
  from: string;
  to: string;
  /** Files to leave out, relative to the tree. */
  without: ReadonlySet<string>;
}

/** Lines from–to of a tree: folders with their files. */
export interface LinkUnit {
  tree: number;
  from: number;
  to: number;
}

/** Rewritten files from–to. */
export interface RewriteUnit {
  tree?: undefined;
  from: number;
  to: number;
}

export interface LinkJob {
  trees: LinkedTree[];
  rewrites: RewriteRequest[];
  units: (LinkUnit | RewriteUnit)[];
  way: Way;
  /** The number of the next unit that nobody has taken: threads that are quicker do more. */
  counter: SharedArrayBuffer;
}

/** Where this thread stands in a job. */
export interface LinkWork {
  /** Does the next unit that nobody has taken; false if there is none. */
  next(): boolean;
  /** What it rewrote, by number. */
  readonly rewritten: (Rewritten & { index: number })[];
}

/**
 * Makes folders and hard links and rewrites files, unit for unit. Synchronous calls on purpose: for ten thousands of links they take a third of the
 * time of the others.
 */
export function createLinkWork({ trees, rewrites, units, way, counter }: LinkJob): LinkWork {
  const taken = new Int32Array(counter);
  const lines: (readonly string[] | undefined)[] = [];
  const rewritten: LinkWork['rewritten'] = [];
  const next = (): boolean => {
    const unit = units[Atomics.add(taken, 0, 1)];
    if (unit === undefined) return false;
    if (unit.tree === undefined) {
      for (let index = unit.from; index < unit.to; index += 1)
        rewritten.push({ index, ...rewriteFile(rewrites[index] as RewriteRequest) });
      return true;
    }
    const tree = trees[unit.tree] as LinkedTree;
    linkUnit(unit, tree, (lines[unit.tree] ??= tree.text.split('\n')), way);
    return true;
  };
  return { next, rewritten };
}

function linkUnit(unit: LinkUnit, tree: LinkedTree, lines: readonly string[], way: Way): void {
  let folder = '';
  let from = '';
  let to = '';
  for (let index = unit.from; index < unit.to; index += 1) {
    const line = lines[index] as string;
    if (line.charCodeAt(line.length - 1) === 0x2f) {
      folder = line === '/' ? '' : line;
      from = `${tree.from}/${folder}`;
      to = `${tree.to}/${folder}`;
      if (folder !== '') makeFolder(to);
    } else if (tree.without.size === 0 || !tree.without.has(folder + line)) transfer(way, from + line, to + line);
  }
}

/** The folder that holds it is there; it itself may be, if several packages share it. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
