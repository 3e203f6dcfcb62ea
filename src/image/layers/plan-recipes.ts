import type { CondaRecord, InstallPlan, PlanEntry, PlanTree } from '../../plan/index.ts';
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
 * That a package was asked for is no property of the package: REQUESTED goes to the last layer, and RECORD does not list it; conda's records do not
 * say it, its history does. So a package's layer is the same in every environment.
 */
export function planRecipes(plan: InstallPlan, groups: readonly PackageGroup[], folder: string): PlannedLayers {
  const trees = Map.groupBy(plan.trees, ({ archive }) => archive);
  const archiveOf = new Map(plan.trees.map(({ owner, archive }) => [owner, archive]));
  const entries = new Map<string, LayerEntry[]>();
  const environment: LayerEntry[] = [];
  const deal = (archive: string | undefined, entry: LayerEntry): void => {
    const own = archive === undefined ? environment : entries.get(archive);
    if (own === undefined) entries.set(archive ?? '', [entry]);
    else own.push(entry);
  };
  for (const entry of plan.entries) {
    const archive = archiveOf.get(entry.owner);
    const wheel = trees.get(archive ?? '')?.find(isWheelTree);
    if (wheel === undefined) deal(archive, layerEntry(entry, folder));
    else if (isRequest(entry, wheel)) deal(undefined, layerEntry(entry, folder, wheel));
    else deal(archive, layerEntry(withoutRequest(entry, wheel), folder, wheel));
  }
  for (const { path, executable, archive, file, placeholder, mode } of plan.rewrites)
    deal(archive, {
      kind: 'rewrite',
      path: `${folder}/${path}`,
      executable,
      archive,
      place: placeInStore(file, archive),
      file,
      replacement: { placeholder, mode, prefix: plan.prefix },
    });
  for (const record of plan.condaRecords)
    deal(record.archive, {
      kind: 'record',
      path: `${folder}/${record.path}`,
      folder,
      record: { ...record, facts: unrequested(record.facts) },
    });
  const packages = groups.map((group) => ({
    parts: group.flatMap(({ sha256: archive, filename }) =>
      (trees.get(archive) ?? []).map((tree) => layerPart(tree, folder, filename)),
    ),
    entries: sortEntries(group.flatMap(({ sha256: archive }) => entries.get(archive) ?? [])),
  }));
  return { packages, environment };
}

/** What the history says of the whole environment. */
function unrequested(facts: CondaRecord['facts']): CondaRecord['facts'] {
  const { requested_spec: _, ...rest } = facts;
  return { ...rest, requested_specs: [] };
}

/** A path of the store without where the store is. */
function placeInStore(path: string, archive: string): string {
  const at = path.indexOf(archive);
  return at === -1 ? path : path.slice(at + archive.length);
}

type WheelTree = PlanTree & { wheel: UnpackedWheel };

function isWheelTree(tree: PlanTree): tree is WheelTree {
  return tree.wheel !== undefined;
}

/** By path, in UTF-16 code units. */
export function sortEntries(entries: readonly LayerEntry[]): LayerEntry[] {
  return entries.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function layerPart(
  { archive, path, without, text, from, wheel }: PlanTree,
  folder: string,
  filename: string,
): LayerPart {
  const common = {
    sha256: archive,
    filename,
    path: path === '' ? folder : `${folder}/${path}`,
    without: [...without].sort(),
  };
  if (wheel !== undefined) return { kind: 'wheel', ...common };
  return { kind: 'conda', ...common, text, from, place: placeInStore(from, archive) };
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
      if (tree === undefined) return { kind: 'copy', path: place, executable, sha256: digest, file: content.file };
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
