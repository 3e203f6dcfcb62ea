import { type Image, isMultiImage, type MultiImage, writeImage } from '../../image/index.ts';
import { type Repository, repositorySink } from '../../registry/index.ts';
import { step } from '../../report/index.ts';
import type { ImageRevision } from '../../schema/index.ts';
import type { Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { tagLatest } from './tag-latest.ts';
import { workspaceHost } from './workspace-registry.ts';

export interface Keeping {
  image: Image | MultiImage;
  repository: Repository;
  record: Omit<ImageRevision, 'revision' | 'digest' | 'createdAt' | 'createdBy'>;
  /** What the user is told meanwhile. */
  title: string;
}

/** Brings an image into the workspace's registry, enters it as a revision, and tags it: each after the one before is whole. */
export async function keepImage(
  app: App,
  workspace: Workspace,
  { image, repository, record, title }: Keeping,
): Promise<ImageRevision> {
  const sink = repositorySink(repository, workspaceHost);
  const { signal } = app;
  await step(app.emit, title, async (current) => {
    let done = 0;
    await writeImage(image, sink, { tags: [], signal, onBlob: ({ size }) => current.progress((done += size)) });
  });
  const { digest } = (isMultiImage(image) ? image.index : image.manifest).descriptor;
  const revision = await workspace.images.add({ ...record, digest });
  await writeImage(image, sink, { tags: [String(revision.revision)], signal });
  await tagLatest(app, workspace, { repository, fingerprint: record.fingerprint });
  return revision;
}
