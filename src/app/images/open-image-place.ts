import { basename, resolve } from 'node:path';
import { AppError } from '../../errors/index.ts';
import {
  createArchiveSink,
  createLayoutSink,
  type ImageSink,
  type ImageSource,
  openArchive,
  openLayout,
  withArchiveFile,
} from '../../image/index.ts';
import { repositorySink, repositorySource } from '../../registry/index.ts';
import { parseImage } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { openRemoteRepository } from './remote-registry.ts';
import { openWorkspaceRegistry, workspaceHost } from './workspace-registry.ts';

const fileKinds = ['oci', 'oci-archive', 'docker-archive'] as const;

/** Where one image is, or shall be. */
export type ImagePlace =
  | { kind: 'registry'; registry: string; repository: string; tag?: string; digest?: string }
  | { kind: (typeof fileKinds)[number]; path: string; name?: string };

/** `oci:FOLDER[:NAME]`, `oci-archive:FILE[:NAME]`, `docker-archive:FILE[:NAME]`, or a reference; `localhost/NAME` is the workspace's registry. */
export function parseImagePlace(text: string): ImagePlace {
  const [, kind = '', path = '', name] = /^([a-z-]+):([^:/][^:]*|\/[^:]*)(?::(.+))?$/.exec(text) ?? [];
  const fileKind = fileKinds.find((each) => each === kind);
  if (fileKind !== undefined) return { kind: fileKind, path, name };
  const reference = parseImage(text);
  if (reference !== undefined) return { kind: 'registry', ...reference };
  throw new AppError('USAGE', `\`${text}\` is no place for an image`, {
    hint: 'Allowed: `registry.example/team/name:tag`, `localhost/name:tag` (the workspace’s own registry), `oci:FOLDER`, `oci-archive:FILE`, `docker-archive:FILE`.',
  });
}

/** Opens what is there for reading. @throws AppError FILE_NOT_FOUND, IMAGE_NOT_FOUND, INVALID_IMAGE. */
export async function openImageSource(
  app: App,
  place: ImagePlace,
): Promise<{ source: ImageSource; reference: string | undefined }> {
  if (place.kind === 'registry') {
    const { source } = await openRepository(app, place);
    return { source, reference: place.digest ?? place.tag ?? 'latest' };
  }
  const path = resolve(app.cwd, place.path);
  const source = place.kind === 'oci' ? await openLayout(path) : await openArchive(path);
  return { source, reference: place.name };
}

/** Opens the place for writing while `work` goes on; it may be given up by throwing. @throws AppError USAGE for a digest: only content has one. */
export async function withImageSink(
  app: App,
  { place, name }: { place: ImagePlace; name?: string },
  work: (sink: ImageSink, tags: readonly string[]) => Promise<void>,
): Promise<void> {
  if (place.kind === 'registry') {
    if (place.digest !== undefined)
      throw new AppError('USAGE', 'an image cannot be copied to a digest', { hint: 'Name a tag.' });
    const { sink } = await openRepository(app, place);
    return await work(sink, [place.tag ?? 'latest']);
  }
  const path = resolve(app.cwd, place.path);
  const tag = place.name ?? name ?? 'latest';
  if (place.kind === 'oci') return await work(createLayoutSink(path), [tag]);
  const repoTags = [fullName(tag, path)];
  await withArchiveFile(path, async (output) => {
    const docker = place.kind === 'docker-archive' ? { repoTags } : undefined;
    await work(createArchiveSink(output, { name: path, docker }), [tag]);
  });
}

async function openRepository(
  app: App,
  { registry, repository }: { registry: string; repository: string },
): Promise<{ source: ImageSource; sink: ImageSink }> {
  const host = registry === workspaceHost ? app.servedRegistry?.host : registry;
  if (host !== undefined) return await openRemoteRepository(app, `${host}/${repository}`);
  const own = (await openWorkspaceRegistry(app)).repository(repository);
  return { source: repositorySource(own, workspaceHost), sink: repositorySink(own, workspaceHost) };
}

/** Engines want a name and a tag; of a tag alone the file's name makes one. */
function fullName(name: string, path: string): string {
  if (name.includes(':')) return name;
  const file = basename(path)
    .replace(/\.tar$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return name.includes('/') ? `${name}:latest` : `${file === '' ? 'image' : file}:${name}`;
}
