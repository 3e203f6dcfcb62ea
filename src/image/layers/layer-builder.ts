import type { Store, UnpackedWheel } from '../../store/index.ts';
import { buildLayers, type LayersWanted, type MadeLayer, makeEntriesLayer } from './build-layers.ts';
import { createLayerCache, type LayerCache } from './layer-cache.ts';
import { createLayerPool } from './layer-pool.ts';
import type { LayerEntry } from './layer-recipe.ts';

/** Makes layers in this machine's store, and has those that it made. */
export interface LayerBuilder {
  readonly cache: LayerCache;
  /** A wheel as the store has it unpacked. */
  findUnpacked(sha256: string): Promise<UnpackedWheel | undefined>;
  /** Whoever calls it holds the store (`whileInstalling`) until the layers are written to where they go. @throws AppError, see `buildLayers`. */
  build(wanted: LayersWanted): Promise<MadeLayer[]>;
  /** A layer of these entries alone. */
  make(entries: readonly LayerEntry[]): Promise<MadeLayer>;
  /** Ends the threads. Without it, they end with the process. */
  close(): Promise<void>;
}

export function createLayerBuilder({ store, threads }: { store: Store; threads?: number }): LayerBuilder {
  const cache = createLayerCache(store.root);
  const pool = createLayerPool(threads);
  return {
    cache,
    findUnpacked: async (sha256) => await store.findWheel(sha256),
    build: async (wanted) => await buildLayers({ store, cache, pool }, wanted),
    make: async (entries) => await makeEntriesLayer({ cache, pool }, entries),
    close: async () => await pool.close(),
  };
}
