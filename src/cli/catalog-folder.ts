import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the curated environments are: a folder of the user's choice, none, or the package's own, beside the sources or the bundle. */
export function catalogFolder(chosen: string | undefined): string | undefined {
  if (chosen === 'none') return undefined;
  if (chosen) return chosen;
  const places = ['../../catalog', '../catalog'].map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return places.find((place) => existsSync(place));
}
