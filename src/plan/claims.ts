import { AppError } from '../errors/index.ts';
import { filesOf, readTree, type WheelTree } from '../store/index.ts';
import type { PlanTree } from './install-plan.ts';

/** Something that wants a path of its own. */
interface Claim {
  path: string;
  owner: string;
}

/** A package that has files which an earlier one has too. */
export interface Overwrite {
  loser: string;
  winner: string;
  /** Relative to the prefix, in no order. */
  paths: string[];
}

/** Collects who wants which path, in install order, and settles who has it: the last one. */
export interface Claims<Entry extends Claim> {
  claimTree(tree: Omit<PlanTree, 'without'>): void;
  claim(entry: Entry): void;
  /** @throws AppError PACKAGE_CONFLICT where one has a file and another one a folder. */
  settle(): { trees: SettledTree[]; entries: Map<string, Entry>; overwrites: Overwrite[] };
}

export interface SettledTree extends PlanTree {
  /** May grow until the plan is made. */
  without: Set<string>;
}

interface ClaimedTree extends SettledTree {
  tree: WheelTree;
}

interface Ground {
  trees: readonly ClaimedTree[];
  /** Folder, relative to the prefix → the trees that have it. */
  holders: ReadonlyMap<string, ClaimedTree[]>;
  /** Which trees have a file, in install order. */
  having(path: string): readonly ClaimedTree[];
  overwrites: OverwriteList;
}

export function createClaims<Entry extends Claim>(): Claims<Entry> {
  const trees: ClaimedTree[] = [];
  const claimed = new Map<string, { entry: Entry; after: number }>();
  const overwrites = createOverwriteList();
  return {
    claimTree: (tree) => {
      trees.push({ ...tree, tree: readTree(tree.text), without: new Set() });
    },
    claim: (entry) => {
      const before = claimed.get(entry.path)?.entry;
      if (before !== undefined) overwrites.add(before.owner, entry.owner, entry.path);
      claimed.set(entry.path, { entry, after: trees.length });
    },
    settle: () => {
      const holders = foldersOf(trees);
      const ground: Ground = { trees, holders, having: lookUp(holders), overwrites };
      settleTrees(ground);
      const entries = new Map<string, Entry>();
      for (const { entry, after } of claimed.values())
        if (settleEntry(entry, after, ground)) entries.set(entry.path, entry);
      checkEntries(entries);
      return { trees, entries, overwrites: overwrites.all() };
    },
  };
}

/** Folder → the trees that have it, those above a tree's own place too. */
function foldersOf(trees: readonly ClaimedTree[]): Map<string, ClaimedTree[]> {
  const holders = new Map<string, ClaimedTree[]>();
  const hold = (folder: string, tree: ClaimedTree): void => {
    const others = holders.get(folder);
    if (others === undefined) holders.set(folder, [tree]);
    else others.push(tree);
  };
  for (const tree of trees) {
    for (let end = tree.path.lastIndexOf('/'); end > 0; end = tree.path.lastIndexOf('/', end - 1))
      hold(tree.path.slice(0, end), tree);
    if (tree.path !== '') hold('', tree);
    for (const folder of tree.tree.folders.keys()) hold(below(tree.path, folder), tree);
  }
  return holders;
}

/** Two trees can only meet in folders that both have, and those are few. */
function settleTrees({ holders, overwrites }: Ground): void {
  for (const [folder, sharing] of holders) {
    if (sharing.length < 2) continue;
    const owners = new Map<string, ClaimedTree>();
    for (const tree of sharing) {
      for (const name of namesIn(tree, folder)) {
        const path = below(folder, name);
        const before = owners.get(path);
        if (before !== undefined) {
          before.without.add(ownPath(before, path));
          overwrites.add(before.owner, tree.owner, path);
        }
        owners.set(path, tree);
        const other = holders.get(path)?.[0];
        if (other !== undefined) throw conflict(other.owner, path, tree.owner);
      }
    }
  }
}

/** Whether an entry keeps its path against the trees; those that lose to it leave the file out. `after` so many trees it was claimed. */
function settleEntry({ path, owner }: Claim, after: number, { trees, holders, having, overwrites }: Ground): boolean {
  const above = holders.get(path)?.[0];
  if (above !== undefined) throw conflict(above.owner, path, owner);
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const file = having(path.slice(0, slash)).findLast((tree) => owns(tree, path.slice(0, slash)));
    if (file !== undefined) throw conflict(owner, path.slice(0, slash), file.owner);
  }
  const last = having(path).findLast((tree) => owns(tree, path));
  if (last === undefined) return true;
  if (trees.indexOf(last) >= after) {
    overwrites.add(owner, last.owner, path);
    return false;
  }
  last.without.add(ownPath(last, path));
  overwrites.add(last.owner, owner, path);
  return true;
}

/** Remembers the names in the folders that are asked about: some of them have thousands, and many ask. */
function lookUp(holders: ReadonlyMap<string, ClaimedTree[]>): Ground['having'] {
  const folders = new Map<string, Map<string, ClaimedTree[]>>();
  const namesOf = (folder: string): Map<string, ClaimedTree[]> => {
    const names = new Map<string, ClaimedTree[]>();
    for (const tree of holders.get(folder) ?? []) {
      for (const name of namesIn(tree, folder)) {
        const others = names.get(name);
        if (others === undefined) names.set(name, [tree]);
        else others.push(tree);
      }
    }
    folders.set(folder, names);
    return names;
  };
  return (path) => {
    const slash = path.lastIndexOf('/');
    const [folder, name] = slash === -1 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
    return (folders.get(folder) ?? namesOf(folder)).get(name) ?? [];
  };
}

function owns(tree: ClaimedTree, path: string): boolean {
  return !tree.without.has(ownPath(tree, path));
}

/** The files of a tree directly in a folder of the prefix. */
function namesIn({ path, tree }: ClaimedTree, folder: string): readonly string[] {
  if (path === '') return filesOf(tree, folder);
  if (folder === path) return filesOf(tree, '');
  return folder.startsWith(`${path}/`) ? filesOf(tree, folder.slice(path.length + 1)) : [];
}

function ownPath({ path: place }: PlanTree, path: string): string {
  return place === '' ? path : path.slice(place.length + 1);
}

function below(folder: string, path: string): string {
  return folder === '' ? path : path === '' ? folder : `${folder}/${path}`;
}

/** No entry may lie below another one. */
function checkEntries(entries: ReadonlyMap<string, Claim>): void {
  for (const { path, owner } of entries.values()) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const file = entries.get(path.slice(0, slash));
      if (file !== undefined) throw conflict(owner, file.path, file.owner);
    }
  }
}

interface OverwriteList {
  add(loser: string, winner: string, path: string): void;
  all(): Overwrite[];
}

function createOverwriteList(): OverwriteList {
  const found = new Map<string, Overwrite>();
  return {
    add: (loser, winner, path) => {
      if (loser === winner) return;
      const key = `${loser}\0${winner}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { loser, winner, paths: [path] });
      else known.paths.push(path);
    },
    all: () => [...found.values()],
  };
}

function conflict(withFolder: string, path: string, withFile: string): AppError {
  return new AppError('PACKAGE_CONFLICT', `${withFolder} has a folder \`${path}\` where ${withFile} has a file`, {
    hint: 'Leave one of the two packages out.',
  });
}
