import { AppError } from '../errors/index.ts';
import { filesOf, readTree, type UnpackedWheel, type WheelTree } from '../store/index.ts';
import type { PlanEntry, PlanTree } from './install-plan.ts';

/** Collects who wants which path, in install order, and settles who has it: the last one. */
export interface Claims {
  claimTree(tree: { owner: string; wheel: UnpackedWheel }): void;
  claim(entry: PlanEntry): void;
  /** @throws AppError PACKAGE_CONFLICT where one has a file and another one a folder. */
  settle(): { trees: PlanTree[]; entries: Map<string, PlanEntry> };
}

interface ClaimedTree {
  owner: string;
  wheel: UnpackedWheel;
  tree: WheelTree;
  without: Set<string>;
}

/** All trees go to the folder `place`. */
export function createClaims(place: string): Claims {
  const trees: ClaimedTree[] = [];
  const claimed = new Map<string, { entry: PlanEntry; after: number }>();
  return {
    claimTree: ({ owner, wheel }) => {
      trees.push({ owner, wheel, tree: readTree(wheel.tree), without: new Set() });
    },
    claim: (entry) => {
      claimed.set(entry.path, { entry, after: trees.length });
    },
    settle: () => {
      const holders = foldersOf(trees);
      settleTrees(holders);
      const entries = new Map<string, PlanEntry>();
      for (const { entry, after } of claimed.values())
        if (settleEntry(entry, after, { place, trees, holders })) entries.set(entry.path, entry);
      checkEntries(entries);
      return { trees: trees.map(({ owner, wheel, without }) => ({ owner, wheel, path: place, without })), entries };
    },
  };
}

/** Folder → the trees that have it. */
function foldersOf(trees: readonly ClaimedTree[]): Map<string, ClaimedTree[]> {
  const holders = new Map<string, ClaimedTree[]>();
  for (const tree of trees) {
    for (const folder of tree.tree.folders.keys()) {
      const others = holders.get(folder);
      if (others === undefined) holders.set(folder, [tree]);
      else others.push(tree);
    }
  }
  return holders;
}

/** Two trees can only meet in folders that both have, and those are few. */
function settleTrees(holders: ReadonlyMap<string, ClaimedTree[]>): void {
  for (const [folder, sharing] of holders) {
    if (sharing.length < 2) continue;
    const owners = new Map<string, ClaimedTree>();
    for (const tree of sharing) {
      for (const name of filesOf(tree.tree, folder)) {
        const path = folder === '' ? name : `${folder}/${name}`;
        owners.get(path)?.without.add(path);
        owners.set(path, tree);
        const other = holders.get(path)?.[0];
        if (other !== undefined) throw conflict(other.owner, path, tree.owner);
      }
    }
  }
}

/** Whether an entry keeps its path against the trees; those that lose to it leave the file out. `after` so many trees it was claimed. */
function settleEntry(
  { path, owner }: PlanEntry,
  after: number,
  {
    place,
    trees,
    holders,
  }: { place: string; trees: readonly ClaimedTree[]; holders: ReadonlyMap<string, ClaimedTree[]> },
): boolean {
  if (`${place}/`.startsWith(`${path}/`)) throw conflict(trees[0]?.owner ?? owner, path, owner);
  if (!path.startsWith(`${place}/`)) return true;
  const own = path.slice(place.length + 1);
  const above = holders.get(own)?.[0];
  if (above !== undefined) throw conflict(above.owner, path, owner);
  for (let slash = own.lastIndexOf('/'); slash > 0; slash = own.lastIndexOf('/', slash - 1)) {
    const file = owning(own.slice(0, slash), holders);
    if (file !== undefined) throw conflict(owner, own.slice(0, slash), file.owner);
  }
  const last = owning(own, holders);
  if (last === undefined) return true;
  if (trees.indexOf(last) >= after) return false;
  last.without.add(own);
  return true;
}

/** The tree that has a file. */
function owning(path: string, holders: ReadonlyMap<string, ClaimedTree[]>): ClaimedTree | undefined {
  const slash = path.lastIndexOf('/');
  const [folder, name] = slash === -1 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
  return holders
    .get(folder)
    ?.findLast(({ tree, without }) => !without.has(path) && filesOf(tree, folder).includes(name));
}

/** No entry may lie below another one. */
function checkEntries(entries: ReadonlyMap<string, PlanEntry>): void {
  for (const { path, owner } of entries.values()) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const file = entries.get(path.slice(0, slash));
      if (file !== undefined) throw conflict(owner, file.path, file.owner);
    }
  }
}

function conflict(withFolder: string, path: string, withFile: string): AppError {
  return new AppError('PACKAGE_CONFLICT', `${withFolder} has a folder \`${path}\` where ${withFile} has a file`, {
    hint: 'Leave one of the two packages out.',
  });
}
