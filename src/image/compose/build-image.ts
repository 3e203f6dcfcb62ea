import { type PlanPython, planPrefix } from '../../plan/index.ts';
import { canonicalJson, type ImageLayerRecord, type Lock, mediaTypes, sha256 } from '../../schema/index.ts';
import type { UnpackedConda } from '../../store/index.ts';
import { resolvePath } from '../base/file-tree.ts';
import type { Base } from '../base/read-base.ts';
import { bytecodeLayers, mostBytecodeLayers } from '../bytecode/bytecode-layers.ts';
import type { Image } from '../image.ts';
import type { MadeLayer } from '../layers/build-layers.ts';
import type { LayerBuilder } from '../layers/layer-builder.ts';
import type { LayerEntry } from '../layers/layer-recipe.ts';
import { applySteps, type MetadataStep } from './apply-steps.ts';
import { foldersOfBase, uniqueEntries, workingFolder } from './base-entries.ts';
import { checkBase } from './check-base.ts';
import { type AddedLayer, composeImage } from './compose-image.ts';

/** Where environments are in images. */
export const imagePrefix = '/opt/terroir/env';

export interface BuildImageInput {
  /** What the image stands on: the base, or what an engine made of base and steps. */
  base: Image;
  /** The same, read (`ImageBuilder.readBase`), perhaps still being read. */
  tree: Base | Promise<Base>;
  /** As the definition names the base. */
  baseReference: string;
  /** How many of its layers are an engine's. */
  stepLayers?: number;
  /** Steps that only set metadata, in their order. */
  steps?: readonly MetadataStep[];
  /** Without one the image has no environment of ours. */
  lock?: Lock;
  /** Waits until an archive of the lock is in the store. Without it, all of them are. */
  archive?: (sha256: string) => Promise<void>;
  /** The lock's conda packages, unpacked in the store, by the archive's SHA-256; they may still be on their way. */
  conda?: () => Promise<ReadonlyMap<string, UnpackedConda>>;
  labels?: Readonly<Record<string, string>>;
  /** For bytecode in the image: finds a program of exactly the version that the base's Python has. The lock's wheels must be unpacked in the store. */
  compiler?: (python: PlanPython) => Promise<string>;
}

export interface BuiltImage {
  image: Image;
  /** From the bottom. */
  layers: ImageLayerRecord[];
  /** What a user should know of it: `InstallPlan.notes`. */
  notes: readonly string[];
}

/**
 * Composes the image of a lock on a base. The same input gives the same digest.
 * @throws AppError PYTHON_MISMATCH, MACHINE_MISMATCH, INVALID_IMAGE, TOO_MANY_LAYERS, and what planning and making layers throws.
 */
export async function buildImage(builder: LayerBuilder, input: BuildImageInput): Promise<BuiltImage> {
  const { base, baseReference, stepLayers = 0, steps = [], lock, labels } = input;
  const { made, notes } =
    lock === undefined
      ? { made: await ownLayer(builder, await foldersOf(input)), notes: [] }
      : await environmentLayers(builder, { ...input, lock });
  const added = made.map((layer) => addedLayer(builder, layer));
  const image = composeImage({
    base,
    baseReference,
    steps,
    layers: added,
    ...(lock === undefined ? {} : { prefix: imagePrefix }),
    labels: { ...(lock === undefined ? {} : lockLabels(lock)), ...labels },
  });
  return { image, layers: layerRecords(image, base.layers.length - stepLayers, made), notes };
}

/** The folders that a step's WORKDIR wants and the base does not have. */
async function foldersOf({ base, tree, steps = [] }: BuildImageInput): Promise<LayerEntry[]> {
  const config = base.value.config.config ?? {};
  const { WorkingDir } = applySteps(config, steps);
  return WorkingDir === undefined || WorkingDir === config.WorkingDir
    ? []
    : workingFolder((await tree).root, WorkingDir);
}

async function environmentLayers(
  builder: LayerBuilder,
  input: BuildImageInput & { lock: Lock },
): Promise<{ made: MadeLayer[]; notes: readonly string[] }> {
  const { base, baseReference, lock, archive, conda, compiler } = input;
  let notes: readonly string[] = [];
  const clearing: MadeLayer[] = [];
  let bytecode: (() => Promise<MadeLayer[]>) | undefined;
  const made = await builder.build({
    lock,
    archive,
    expected: `${imagePrefix.slice(1)}/lib/python${lock.python?.version}/site-packages`,
    baseLayers: base.layers.length,
    reserved: compiler === undefined ? 0 : mostBytecodeLayers,
    settle: async (wheels) => {
      const tree = await input.tree;
      const python = checkBase(tree, lock, baseReference);
      const { path: folder, node } = resolvePath(tree.root, imagePrefix);
      const above = foldersOfBase(tree.root, folder);
      // An environment of another image that this one stands on must not shine through.
      if (node !== undefined)
        clearing.push(...(await ownLayer(builder, [...above, { kind: 'whiteout', path: folder }])));
      const plan = planPrefix({ lock, wheels, conda: await conda?.(), python, prefix: imagePrefix });
      ({ notes } = plan);
      if (compiler !== undefined && python !== undefined)
        bytecode = async () => {
          const own = { ...python, executable: await compiler(python) };
          return await bytecodeLayers(builder, { lock, plan, folder, python: own });
        };
      return {
        plan,
        folder,
        extra: uniqueEntries([...above, ...(await foldersOf(input)), lockFile(lock, folder)]),
      };
    },
  });
  const environment = made.splice(-1);
  return { made: [...clearing, ...made, ...((await bytecode?.()) ?? []), ...environment], notes };
}

function lockFile(lock: Lock, folder: string): LayerEntry {
  const content = Buffer.from(`${canonicalJson(lock)}\n`);
  const path = `${folder}/.terroir/lock.json`;
  return { kind: 'file', path, executable: false, sha256: sha256(content), content };
}

/** A layer of entries alone; none if there are none. */
async function ownLayer(builder: LayerBuilder, entries: readonly LayerEntry[]): Promise<MadeLayer[]> {
  return entries.length === 0 ? [] : [await builder.make(entries)];
}

function addedLayer({ cache }: LayerBuilder, layer: MadeLayer): AddedLayer {
  const { digest, diffId, size, packages } = layer;
  return {
    layer: {
      descriptor: { mediaType: mediaTypes.ociLayerGzip, digest: `sha256:${digest}`, size },
      diffId: `sha256:${diffId}`,
      open: () => cache.open(layer),
      file: async () => await cache.soundFile(layer),
    },
    createdBy: `terroir: ${packages.length === 0 ? 'the environment' : packages.join(', ')}`,
    packages,
  };
}

function lockLabels({ digest, fingerprint, platform }: Lock): Record<string, string> {
  return { 'terroir.lock': digest, 'terroir.fingerprint': fingerprint, 'terroir.platform': platform };
}

function layerRecords({ layers }: Image, baseLayers: number, made: readonly MadeLayer[]): ImageLayerRecord[] {
  const own = layers.length - made.length;
  return layers.map(({ descriptor: { digest, size, mediaType } }, index) => {
    const layer = made[index - own];
    return {
      digest,
      size,
      mediaType,
      kind: layer?.kind ?? (index < baseLayers ? 'base' : 'steps'),
      packages: layer?.packages ?? [],
    };
  });
}
