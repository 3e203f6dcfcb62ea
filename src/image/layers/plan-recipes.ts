import type { InstallPlan, PlanEntry, PlanTree } from '../../plan/index.ts';
import { sha256 } from '../../schema/index.ts';
import type { UnpackedWheel } from '../../store/index.ts';
import type { LayerEntry, LayerPart, LayerRecipe } from './layer-recipe.ts';
import type { PackageGroup } from './split-packages.ts';

/** What each group's layer is made of, and what is left for the last one. */
export interface PlannedLayers {
  packages: LayerRecipe[];
  /** Of the environment as a whole. */
  environment: LayerEntry[];
}

/**
 * Deals a plan out to layers. `folder` is where the prefix lies in the image, without a slash before it.
 *
 * That a package was asked for is no property of the package: REQUESTED goes to the last layer, and RECORD does not list it, so that a package's
 * layer is the same in every environment.
 */
export function planRecipes(plan: InstallPlan, groups: readonly PackageGroup[], folder: string): PlannedLayers {
  const wheelTrees = plan.trees.filter(isWheelTree);
  const trees = new Map(wheelTrees.map((tree) => [tree.archive, tree]));
  const archiveOf = new Map(wheelTrees.map(({ owner, archive }) => [owner, archive]));
  const entries = new Map<string, LayerEntry[]>();
  const environment: LayerEntry[] = [];
  for (const entry of plan.entries) {
    const archive = archiveOf.get(entry.owner);
    const tree = archive === undefined ? undefined : trees.get(archive);
    if (archive === undefined || tree === undefined || isRequest(entry, tree)) {
      environment.push(layerEntry(entry, folder, tree));
      continue;
    }
    const own = entries.get(archive);
    const placed = layerEntry(withoutRequest(entry, tree), folder, tree);
    if (own === undefined) entries.set(archive, [placed]);
    else own.push(placed);
  }
  const packages = groups.map((group) => ({
    parts: group.flatMap(({ sha256: archive }) => {
      const tree = trees.get(archive);
      return tree === undefined ? [] : [wheelPart(tree, folder)];
    }),
    entries: sortEntries(group.flatMap(({ sha256: archive }) => entries.get(archive) ?? [])),
  }));
  return { packages, environment };
}

type WheelTree = PlanTree & { wheel: UnpackedWheel };

function isWheelTree(tree: PlanTree): tree is WheelTree {
  return tree.wheel !== undefined;
}

/** By path, in UTF-16 code units. */
export function sortEntries(entries: readonly LayerEntry[]): LayerEntry[] {
  return entries.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function wheelPart({ wheel, path, without }: WheelTree, folder: string): LayerPart {
  return {
    kind: 'wheel',
    sha256: wheel.sha256,
    filename: wheel.filename,
    path: `${folder}/${path}`,
    without: [...without].sort(),
  };
}

function layerEntry(
  { path, executable, content, sha256: digest }: PlanEntry,
  folder: string,
  tree?: WheelTree,
): LayerEntry {
  const place = `${folder}/${path}`;
  switch (content.kind) {
    case 'link':
      return { kind: 'link', path: place, target: content.target };
    case 'archive': {
      if (tree === undefined) throw new Error(`${path} is of an archive that has no tree`);
      // The plan names the file in the store.
      const member = content.file.slice(tree.wheel.folder.length + 1);
      return { kind: 'member', path: place, executable, archive: content.sha256, member };
    }
    case 'text':
      return { kind: 'file', path: place, executable, sha256: digest, content: Buffer.from(content.text) };
    case 'bytes':
      return { kind: 'file', path: place, executable, sha256: digest, content: content.bytes };
  }
}

function isRequest({ path }: PlanEntry, tree: WheelTree): boolean {
  return path === `${infoFolder(tree)}/REQUESTED`;
}

function withoutRequest(entry: PlanEntry, tree: WheelTree): PlanEntry {
  const { content } = entry;
  if (entry.path !== `${infoFolder(tree)}/RECORD` || content.kind !== 'bytes') return entry;
  const line = Buffer.from(`\n${tree.wheel.distInfo}/REQUESTED,`);
  const record = Buffer.from(content.bytes);
  const at = record.indexOf(line);
  if (at === -1) return entry;
  const bytes = Buffer.concat([record.subarray(0, at + 1), record.subarray(record.indexOf(10, at + 1) + 1)]);
  return { ...entry, content: { kind: 'bytes', bytes }, sha256: sha256(bytes), size: bytes.length };
}

function infoFolder({ path, wheel }: WheelTree): string {
  return `${path}/${wheel.distInfo}`;
}
