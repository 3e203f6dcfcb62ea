import type { JSX } from 'preact';
import type { SharedLayers } from '../api/types.ts';
import { bytes, plural, shortDigest } from './format.ts';
import { LayerAreas } from './layer-areas.tsx';
import { type Layer, layerTitle } from './layer-title.ts';

/** The first by name, and how many more. */
function othersOf(layer: SharedLayers['items'][number] | undefined): string {
  if (layer === undefined) return '–';
  const more = layer.environments - layer.names.length;
  return `${layer.names.join(', ')}${more > 0 ? ` and ${more.toLocaleString('en')} more` : ''}`;
}

/** Each layer as an area of its size; in colour what other environments have too. The table beside it says the same in words. */
export function LayerMap({
  layers,
  sizes,
  shared: known,
}: {
  layers: readonly Layer[];
  /** `numpy 2.3.5` → bytes of its archive. */
  sizes: ReadonlyMap<string, number>;
  /** Undefined as long as nobody knows. */
  shared: SharedLayers['items'] | undefined;
}): JSX.Element {
  const shared = new Map(known?.map((each) => [each.digest, each]));
  const common = layers.filter(({ digest }) => shared.has(digest));
  return (
    <>
      <p class="muted">
        {known === undefined
          ? 'Looking for other environments with the same layers…'
          : common.length === 0
            ? 'No other environment has one of these layers.'
            : `${plural(common.length, 'layer')} of ${layers.length}, ${bytes(common.reduce((sum, { size }) => sum + size, 0))}, are shared with other environments.`}
      </p>
      <ul class="legend" aria-hidden="true">
        <li class="shared">shared with others</li>
        <li>only here</li>
      </ul>
      <LayerAreas layers={layers} sizes={sizes} isShared={({ digest }) => shared.has(digest)} />
      <div class="scroll-x" tabIndex={0} role="group" aria-label="Layers">
        <table class="pairs layers">
          <thead>
            <tr>
              <th scope="col">Layer</th>
              <th scope="col">Size</th>
              <th scope="col">Holds</th>
              <th scope="col">Also in</th>
            </tr>
          </thead>
          <tbody>
            {layers.map((layer) => (
              <tr key={layer.digest}>
                <td>
                  <code>{shortDigest(layer.digest)}</code>
                </td>
                <td class="number">{bytes(layer.size)}</td>
                <td>{layerTitle(layer)}</td>
                <td>{othersOf(shared.get(layer.digest))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
