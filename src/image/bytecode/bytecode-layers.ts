import { availableParallelism } from 'node:os';
import type { InstallPlan, PlanTree } from '../../plan/index.ts';
import type { Lock } from '../../schema/index.ts';
import { isFolderLine, readTree } from '../../store/index.ts';
import type { MadeLayer } from '../layers/build-layers.ts';
import type { LayerBuilder } from '../layers/layer-builder.ts';
import type { LayerEntry } from '../layers/layer-recipe.ts';
import { splitPackages } from '../layers/split-packages.ts';
import { type CompileRequest, compileWheel } from './compile-wheel.ts';

/** So many layers bytecode has at most: it changes with its packages, and pulls beside them. */
export const mostBytecodeLayers = 8;

export interface BytecodeWanted {
  lock: Lock;
  plan: InstallPlan;
  /** Where the prefix lies in the image, without a slash before it. */
  folder: string;
  python: CompileRequest['python'];
}

/** Layers with the bytecode of a plan's wheels, a package's always in the same company. */
export async function bytecodeLayers(
  builder: LayerBuilder,
  { lock, plan, folder, python }: BytecodeWanted,
): Promise<MadeLayer[]> {
  const entries = new Map<string, LayerEntry[]>();
  const taken = new Set(plan.entries.map(({ path }) => path));
  const waiting = plan.trees.filter(({ wheel }) => wheel !== undefined);
  const work = async (): Promise<void> => {
    for (let tree = waiting.pop(); tree !== undefined; tree = waiting.pop()) {
      const { archive, path: place } = tree;
      const wheel = await builder.findUnpacked(archive);
      if (wheel === undefined) throw new Error(`the wheel ${archive} is not unpacked`);
      const { sources, isThere } = modulesOf(tree);
      const wanted = { wheel, sources, folder: `/${folder}/${place}`, python };
      const compiled = await compileWheel(builder.cache, wanted);
      const own = compiled.filter(({ path }) => !isThere(path) && !taken.has(`${place}/${path}`));
      entries.set(
        archive,
        own.map(({ path, file, sha256 }): LayerEntry => {
          return { kind: 'copy', path: `${folder}/${place}/${path}`, executable: false, sha256, file };
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const packages = lock.packages.filter(({ sha256 }) => (entries.get(sha256) ?? []).length > 0);
  const groups = splitPackages(
    packages.map((each) => ({ ...each, isPrivate: false })),
    mostBytecodeLayers,
  );
  return await Promise.all(
    groups.map(async (group): Promise<MadeLayer> => {
      const layer = await builder.make(group.flatMap(({ sha256 }) => entries.get(sha256) ?? []));
      return { ...layer, kind: 'bytecode', packages: group.map(({ name, version }) => `${name} ${version}`) };
    }),
  );
}

/** The modules of a tree, and whether it has a file or leaves it to another package. */
function modulesOf({ text, without }: PlanTree): { sources: string[]; isThere: (path: string) => boolean } {
  const paths = new Set<string>(without);
  let folder = '';
  for (const line of readTree(text).lines) {
    if (isFolderLine(line)) folder = line === '/' ? '' : line;
    else paths.add(`${folder}${line}`);
  }
  const sources = [...paths].filter((path) => path.endsWith('.py') && !without.has(path));
  return { sources, isThere: (path) => paths.has(path) };
}
