import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type AppError, isAppError } from '../../errors/index.ts';
import { type Http, isFolder } from '../../io/index.ts';
import { type IndexFile, parseSimplePage, simpleAccept } from './simple-page.ts';

/** Where to look for files: index addresses, and find-links folders or pages. */
export interface FilePlaces {
  indexes: readonly string[];
  findLinks: readonly string[];
}

/**
 * Every place's file of this name, one place after the other. `project` is the normalised name. What does not have it is left out; what cannot be
 * asked is left out too, and named in `failures`.
 */
export async function* findFiles(
  http: Http,
  places: FilePlaces,
  project: string,
  filename: string,
  failures: AppError[] = [],
): AsyncGenerator<IndexFile> {
  const lookups = [
    ...places.findLinks.map((place) => () => filesOfLinks(http, place)),
    ...places.indexes.map((index) => () => filesOfPage(http, `${index.replace(/\/+$/, '')}/${project}/`)),
  ];
  for (const look of lookups) {
    try {
      yield* (await look()).filter((file) => file.filename === filename);
    } catch (error) {
      if (!isAppError(error) || error.code === 'CANCELED') throw error;
      failures.push(error);
    }
  }
}

async function filesOfLinks(http: Http, place: string): Promise<IndexFile[]> {
  const path = place.startsWith('file:') ? fileURLToPath(place) : place;
  if (/^https?:/.test(place)) return await filesOfPage(http, place);
  if (!(await isFolder(path))) return [];
  const names = await readdir(path);
  return names.map((filename) => ({
    filename,
    url: pathToFileURL(join(resolve(path), filename)).href,
    sha256: undefined,
  }));
}

async function filesOfPage(http: Http, address: string): Promise<IndexFile[]> {
  try {
    if (address.startsWith('file:')) {
      const folder = fileURLToPath(address);
      const names = await readdir(folder);
      if (!names.includes('index.html'))
        return names.map((filename) => ({
          filename,
          url: pathToFileURL(join(folder, filename)).href,
          sha256: undefined,
        }));
      return parseSimplePage(await (await http.get(`${address}index.html`)).text(), 'text/html', address);
    }
    const response = await http.get(address, { headers: { accept: simpleAccept } });
    return parseSimplePage(await response.text(), response.headers['content-type'] ?? '', response.url);
  } catch (error) {
    if (isAppError(error, 'HTTP_ERROR') || isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return isAppError(error, 'FILE_NOT_FOUND') || (error instanceof Error && 'code' in error && error.code === 'ENOENT');
}
