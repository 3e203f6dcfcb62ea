import type { Renderer } from './lines.ts';

/** For programs: each event as one line of JSON. */
export function createNdjsonRenderer(write: (text: string) => void): Renderer {
  return {
    handle: (event) => write(`${JSON.stringify(event)}\n`),
    pause: () => undefined,
    close: () => undefined,
  };
}
