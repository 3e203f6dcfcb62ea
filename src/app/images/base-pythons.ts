import { isAppError } from '../../errors/index.ts';
import { createImageBuilder } from '../../image/index.ts';
import type { Platform } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { readBaseImage, resolveBase } from './base-image.ts';

/**
 * The minor versions of Python in a base image, the one that it starts first. If the image cannot be had now, that is said; then it is the one that was
 * `known` before, or undefined: a run on this machine does without it.
 */
export async function readBasePythons(
  app: App,
  image: string,
  platform: Platform,
  known?: string,
): Promise<string[] | undefined> {
  const builder = createImageBuilder({ store: app.store });
  const patience = AbortSignal.timeout(10_000);
  try {
    const hasty = { ...app, signal: AbortSignal.any([app.signal, patience]) };
    const base = await resolveBase(hasty, await app.openWorkspace(), image);
    const opened = await base.open(imagePlatform(platform));
    // What is here already may take its time.
    const { facts } = await readBaseImage(opened.isHere ? app : hasty, builder, {
      base: opened,
      title: 'Reading the base image',
    });
    return [...new Set(facts.pythons.map(({ minor }) => minor))];
  } catch (error) {
    if (app.signal.aborted || !(isAppError(error) || patience.aborted)) throw error;
    const reason = isAppError(error) && !patience.aborted ? error.message : 'its registry does not answer';
    const taken = known === undefined ? 'this machine’s is taken' : `it is ${known}, as before`;
    app.emit({
      type: 'note',
      level: 'warning',
      message: `nobody knows which Python is in \`${image}\`, so ${taken}: ${reason}`,
      hint: 'Name the version in the definition: `python: {version: "3.12"}`.',
    });
    return known === undefined ? undefined : [known];
  } finally {
    await builder.close();
  }
}

/** Images are for Linux: for other systems, that of the same processor. */
function imagePlatform(platform: Platform): Platform {
  return /arm64|aarch64/.test(platform) ? 'linux-aarch64' : 'linux-64';
}
