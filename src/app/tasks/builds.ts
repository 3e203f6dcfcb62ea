import { parseReference } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';
import { now, sleep } from '../../io/index.ts';
import type { BuildRecord, BuildTask } from '../../schema/index.ts';
import { createRunId, type Page, type TimedRequest } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { findVersion } from '../environments/find-version.ts';
import { refuseWhatCannotBuild } from '../environments/runnable.ts';
import { platformsOf } from '../images/build-images.ts';
import { type ImageView, imageViewOf } from '../images/image-view.ts';
import { type FollowOptions, followLog } from './follow-log.ts';
import { recordedError } from './recorded-error.ts';
import { refuseIfFull, type Waiting } from './waiting.ts';

export interface SubmittedBuild {
  environment: string;
  platforms: readonly string[];
  rebuild: boolean;
  /** Of those that wait, the highest comes first. */
  priority: number;
}

/** Asks the workers for the images of a version. Whoever asks for the same meanwhile gets the same build. */
export async function submitBuild(
  app: App,
  { environment, platforms: asked, rebuild, priority }: SubmittedBuild,
  limit: Waiting,
): Promise<{ build: BuildRecord; isNew: boolean }> {
  const workspace = await app.openWorkspace();
  const version = await findVersion(workspace, environment);
  refuseWhatCannotBuild(version);
  await refuseIfFull(workspace, limit);
  const platforms = platformsOf(version, asked);
  const id = `build_${createRunId()}`;
  const { fingerprint } = version;
  const revisions: number[] = [];
  for (const platform of platforms)
    revisions.push(
      ((await workspace.locks.bound(version.id, platform)) ?? (await workspace.locks.latest(fingerprint, platform)))
        ?.revision ?? 0,
    );
  const request: BuildTask = { versionId: version.id, platforms, rebuild };
  const record: BuildRecord = {
    id,
    status: 'Queued',
    environment: { name: version.name, version: version.version, fingerprint },
    platforms,
    rebuild,
    priority,
    worker: null,
    attempts: 0,
    createdAt: now(),
    createdBy: app.user,
    startedAt: null,
    endedAt: null,
    error: null,
    images: null,
  };
  const build = await workspace.builds.create(record, {
    versionId: version.id,
    joinedBy: [fingerprint, ...platforms, ...revisions, rebuild ? 'anew' : ''].join(' '),
    task: { id, kind: 'build', compute: undefined, priority, request, createdBy: app.user },
  });
  return { build, isNew: build.id === id };
}

export async function listBuilds(
  app: App,
  { environment, ...request }: TimedRequest & { status?: string; environment?: string },
): Promise<Page<BuildRecord>> {
  const { builds } = await app.openWorkspace();
  const wanted = environment === undefined ? undefined : parseReference(environment);
  return await builds.list({ ...request, environment: wanted });
}

export async function showBuild(app: App, id: string): Promise<BuildRecord> {
  const { builds } = await app.openWorkspace();
  return await builds.get(id);
}

/** Asks a build to end, and does not wait for it. */
export async function cancelBuild(app: App, id: string): Promise<BuildRecord> {
  const { builds } = await app.openWorkspace();
  const { status, endedAt } = await builds.get(id);
  if (endedAt !== null) throw new AppError('FINISHED', `the build ${id} has ended already: ${status}`);
  await builds.requestCancel(id);
  return await builds.get(id);
}

/** Hands out what a build reports, one JSON a line, until it has ended. */
export async function followBuild(
  app: App,
  id: string,
  { from, write }: Pick<FollowOptions, 'from' | 'write'>,
): Promise<BuildRecord> {
  const { builds, logs } = await app.openWorkspace();
  await followLog(
    logs,
    { kind: 'build', id },
    {
      from,
      write,
      signal: app.signal,
      isGrowing: async () => (await builds.get(id)).endedAt === null,
    },
  );
  return await builds.get(id);
}

/** The images of a build, once it has ended. @throws AppError what made it fail. */
export async function awaitBuild(app: App, id: string): Promise<ImageView[]> {
  const { builds, images } = await app.openWorkspace();
  for (;;) {
    const { endedAt, error, environment, images: built } = await builds.get(id);
    if (endedAt === null) {
      await sleep(100, app.signal);
      continue;
    }
    if (error !== null) throw recordedError(error);
    const views: ImageView[] = [];
    for (const { revision: number, platform, source } of built ?? []) {
      const revision = await images.get(environment.fingerprint, number);
      const image = revision?.platforms.find((each) => each.platform === platform);
      if (revision !== undefined && image !== undefined) views.push(imageViewOf(revision, image, source));
    }
    return views;
  }
}
