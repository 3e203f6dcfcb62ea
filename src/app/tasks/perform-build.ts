import { AppError } from '../../errors/index.ts';
import { now } from '../../io/index.ts';
import type { Emit, ReportEvent } from '../../report/index.ts';
import { BuildTask } from '../../schema/index.ts';
import type { HeldTask } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { buildVersion } from '../images/build-images.ts';
import { watchRun } from '../runs/watch-run.ts';
import { type RecordLine, recordEvents } from './record-events.ts';

/** Builds what a build's record asks for, with a log for whoever follows it. */
export async function performBuild(
  app: App,
  held: HeldTask,
  { worker, handOver }: { worker: string; handOver: AbortSignal },
): Promise<void> {
  const { id, request, attempt } = held;
  const { builds, environments, logs } = await app.openWorkspace();
  const { endedAt } = await builds.get(id);
  if (endedAt !== null) return;
  await builds.update(id, { status: 'Running', worker, attempts: attempt, startedAt: now() });
  const watch = watchRun({ isCancelRequested: builds.isCancelRequested }, id, {
    signal: AbortSignal.any([app.signal, handOver]),
  });
  try {
    const { versionId, platforms, rebuild } = BuildTask.parse(request);
    const version = await environments.byId(versionId);
    if (version === undefined)
      throw new AppError('ENVIRONMENT_NOT_FOUND', `the environment of the build ${id} is gone`);
    const images = await recordEvents(logs, { kind: 'build', id, stop: handOver }, async (record) => {
      const recorder = { ...app, signal: watch.signal, emit: recordTo(record, app.emit) };
      return await buildVersion(recorder, version, { rebuild, platforms, outputs: [] });
    });
    await builds.update(id, {
      status: 'Completed',
      endedAt: now(),
      images: images.map(({ platform, revision, digest, size, source }) => ({
        platform,
        revision,
        digest,
        size,
        source,
      })),
    });
  } catch (error) {
    if (handOver.aborted || !watch.signal.aborted) throw error;
    const facts = { code: 'CANCELED', message: 'the build was canceled' };
    await builds.update(id, { status: 'Canceled', endedAt: now(), error: facts });
  } finally {
    watch.stop();
  }
}

/** Milliseconds between two lines on the progress of one step: who follows sees no more. */
const progressPause = 200;

function recordTo(record: RecordLine, emit: Emit): Emit {
  const shown = new Map<number, number>();
  const isTooSoon = (event: ReportEvent): boolean => {
    if (event.type !== 'step-progress') return false;
    const time = performance.now();
    if (time - (shown.get(event.id) ?? Number.NEGATIVE_INFINITY) < progressPause) return true;
    shown.set(event.id, time);
    return false;
  };
  return (event) => {
    emit(event);
    if (!isTooSoon(event)) record({ time: now(), ...event });
  };
}
