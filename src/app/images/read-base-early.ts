import { createImageBuilder } from '../../image/index.ts';
import type { Platform } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { type BaseImage, readBaseImage } from './base-image.ts';

/** Reads a base for an image whose packages are still being resolved. What goes wrong is told when the image is composed. */
export interface EarlyReading {
  /** Ends it, for there will be no image. */
  stop(): Promise<void>;
}

export function readBaseEarly(app: App, base: BaseImage, platforms: readonly Platform[]): EarlyReading {
  const stopped = new AbortController();
  const reader = { ...app, signal: AbortSignal.any([app.signal, stopped.signal]) };
  const read = async (): Promise<void> => {
    const builder = createImageBuilder({ store: app.store });
    try {
      for (const platform of platforms) {
        const opened = await base.open(platform);
        // What is here is read at once, and whoever composes the image tells of it.
        const teller = opened.isHere ? { ...reader, emit: () => undefined } : reader;
        await readBaseImage(teller, builder, { base: opened, title: `Reading the base image for ${platform}` });
      }
    } finally {
      await builder.close();
    }
  };
  const reading = read().catch(() => undefined);
  return {
    stop: async () => {
      stopped.abort();
      await reading;
    },
  };
}
