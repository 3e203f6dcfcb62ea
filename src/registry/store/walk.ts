import { join } from 'node:path';
import { listFolder } from '../../io/index.ts';
import { isDigest } from '../names.ts';
import { type Layout, ownFolders } from './layout.ts';

/** The names of all repositories, sorted by component. One counts from its first manifest, blob or upload on. */
export async function* walkRepositories(layout: Layout, below = ''): AsyncIterableIterator<string> {
  const folders = (await listFolder(layout.repository(below))).filter((entry) => entry.isDirectory());
  if (below !== '' && folders.some(({ name }) => name.startsWith('_'))) yield below;
  for (const { name } of folders) {
    if (!name.startsWith('_')) yield* walkRepositories(layout, below === '' ? name : `${below}/${name}`);
  }
}

export async function repositoryExists(layout: Layout, repository: string): Promise<boolean> {
  const folders = await listFolder(layout.repository(repository));
  return folders.some(({ name }) => name === ownFolders.manifests || name === ownFolders.blobs);
}

/** A file whose name is a digest, or (then without one) something that a killed process left half-made. */
interface DigestFile {
  path: string;
  digest: string | undefined;
}

/** What a repository's folder of blobs or manifests holds. */
export async function* walkDigests(
  layout: Layout,
  repository: string,
  kind: 'blobs' | 'manifests',
): AsyncIterableIterator<DigestFile> {
  const folder = join(layout.repository(repository), ownFolders[kind]);
  for (const algorithm of await listFolder(folder)) {
    yield* digestFiles(join(folder, algorithm.name), algorithm.name);
  }
}

/** All content, shelf by shelf. */
export async function* walkContent(layout: Layout): AsyncIterableIterator<DigestFile> {
  const folder = join(layout.root, 'blobs');
  for (const algorithm of await listFolder(folder)) {
    for (const shelf of await listFolder(join(folder, algorithm.name))) {
      const path = join(folder, algorithm.name, shelf.name);
      if (shelf.isDirectory()) yield* digestFiles(path, algorithm.name);
      else if (shelf.name.endsWith('.tmp')) yield { path, digest: undefined };
    }
  }
}

async function* digestFiles(folder: string, algorithm: string): AsyncIterableIterator<DigestFile> {
  for (const { name } of await listFolder(folder)) {
    const digest = `${algorithm}:${name}`;
    if (isDigest(digest)) yield { path: join(folder, name), digest };
    else if (name.endsWith('.tmp')) yield { path: join(folder, name), digest: undefined };
  }
}
