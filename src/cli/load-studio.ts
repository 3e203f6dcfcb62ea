import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { AppError } from '../errors/index.ts';
import type { StudioFile, StudioFiles } from '../server/index.ts';

interface StudioBuilder {
  buildStudio(options: { release: boolean }): Promise<ReadonlyMap<string, Omit<StudioFile, 'type'>>>;
}

/** The web page's files: beside the bundle if this is the published package, else made of the sources, in memory. */
export async function loadStudio(): Promise<StudioFiles> {
  const shipped = fileURLToPath(new URL('studio/', import.meta.url));
  if (existsSync(shipped)) return await readShipped(shipped);
  const builder = new URL('../../tools/build-studio.ts', import.meta.url);
  try {
    const { buildStudio } = (await import(builder.href)) as StudioBuilder;
    const built = await buildStudio({ release: false });
    return new Map([...built].map(([name, file]) => [name, { type: typeOf(name), ...file }]));
  } catch (error) {
    throw new AppError('TOOL_NOT_FOUND', 'the studio could not be made of its sources', {
      hint: 'In a clone, `npm ci` brings what it needs. The API at /api/v1 works without it.',
      cause: error,
    });
  }
}

async function readShipped(folder: string): Promise<StudioFiles> {
  const files = new Map<string, StudioFile>();
  const names = await readdir(folder);
  for (const name of names.filter((each) => !/\.(?:br|gz)$/.test(each))) {
    const read = async (ending: string): Promise<Buffer | undefined> =>
      names.includes(name + ending) ? await readFile(folder + name + ending) : undefined;
    const [plain, brotli, gzip] = [await readFile(folder + name), await read('.br'), await read('.gz')];
    files.set(name, { type: typeOf(name), plain, brotli, gzip });
  }
  return files;
}

function typeOf(name: string): string {
  if (name.endsWith('.js')) return 'text/javascript; charset=utf-8';
  if (name.endsWith('.css')) return 'text/css; charset=utf-8';
  if (name.endsWith('.svg')) return 'image/svg+xml';
  if (name.endsWith('.txt')) return 'text/plain; charset=utf-8';
  return 'text/html; charset=utf-8';
}
