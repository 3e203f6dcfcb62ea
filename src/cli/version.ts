import { readFileSync } from 'node:fs';

/** From package.json, which stands two folders up from the sources and one up from the bundle. */
export const version: string = readVersion(['../../package.json', '../package.json']);

function readVersion(places: readonly string[]): string {
  for (const place of places) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (manifest.name === 'terroir' && manifest.version !== undefined) return manifest.version;
    } catch {
      // Not there: the next place.
    }
  }
  return '0.0.0';
}
