import { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { PlatformImage, SharedLayers } from '../api/types.ts';
import { bytes, plural, shortDigest } from './format.ts';

type Layer = PlatformImage['layers'][number];

interface Box {
  layer?: Layer;
  children?: Box[];
}

/** The first by name, and how many more. */
function othersOf(layer: SharedLayers['items'][number] | undefined): string {
  if (layer === undefined) return '–';
  const more = layer.environments - layer.names.length;
  return `${layer.names.join(', ')}${more > 0 ? ` and ${more.toLocaleString('en')} more` : ''}`;
}

const [width, height] = [1000, 420];
const kinds = {
  base: 'base image',
  steps: 'Docker steps',
  packages: 'packages',
  environment: 'environment',
  bytecode: 'bytecode',
} as const;

/** Each layer as an area of its size; in colour what other environments have too. The table beside it says the same in words. */
export function LayerMap({
  layers,
  shared: known,
}: {
  layers: readonly Layer[];
  /** Undefined as long as nobody knows. */
  shared: SharedLayers['items'] | undefined;
}): JSX.Element {
  const shared = new Map(known?.map((each) => [each.digest, each]));
  const boxes = useMemo(() => {
    const root = hierarchy<Box>({ children: layers.map((layer) => ({ layer })) }).sum(({ layer }) => layer?.size ?? 0);
    root.sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
    return treemap<Box>().size([width, height]).padding(3).tile(treemapSquarify)(root).leaves();
  }, [layers]);
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
      <div class="layer-map" aria-hidden="true">
        {boxes.map(({ data: { layer }, x0, x1, y0, y1 }) =>
          layer === undefined ? null : (
            <div
              key={layer.digest}
              class={shared.has(layer.digest) ? 'shared' : ''}
              title={`${titleOf(layer)}\n${bytes(layer.size)}`}
              style={{
                left: `${(100 * x0) / width}%`,
                width: `${(100 * (x1 - x0)) / width}%`,
                top: `${(100 * y0) / height}%`,
                height: `${(100 * (y1 - y0)) / height}%`,
              }}
            >
              <strong>{titleOf(layer)}</strong>
              <span>{bytes(layer.size)}</span>
            </div>
          ),
        )}
      </div>
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
                <td>{titleOf(layer)}</td>
                <td>{othersOf(shared.get(layer.digest))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function titleOf({ kind, packages }: Layer): string {
  return packages.length === 0 ? kinds[kind] : packages.join(', ');
}
