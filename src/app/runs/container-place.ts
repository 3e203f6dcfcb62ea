import { chooseEngine, type Engine } from '../../engines/index.ts';
import { AppError, isAppError } from '../../errors/index.ts';
import { imagePrefix, ociPlatform } from '../../image/index.ts';
import { currentPlatform, userIds } from '../../io/index.ts';
import type { ImageRevision, Lock, Platform, PlatformImage } from '../../schema/index.ts';
import { runInContainer } from '../../targets/index.ts';
import type { LockRevision } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { bringToEngine } from '../images/engine-image.ts';
import { type EnsuredImages, ensureImages, useImages } from '../images/ensure-images.ts';
import { checkMachine, thisMachine } from '../prefixes/check-machine.ts';
import { condaFileVariables } from '../prefixes/command-environment.ts';
import type { RunPlace } from './run-place.ts';
import type { RunPlan, RunTarget } from './run-plan.ts';

type Wishes = Extract<RunTarget, { kind: 'docker' }>;

/**
 * Makes a container engine ready for a run: the image of the version (of a replay, the very one) is built or found, and brought to the engine.
 * @throws AppError ENGINE_NOT_FOUND, MACHINE_MISMATCH for a driver that is too old, and what building throws.
 */
export async function prepareContainer(app: App, plan: RunPlan, wishes: Wishes): Promise<RunPlace> {
  const { version } = plan;
  const { engine, notes } = await engineFor(app, wishes);
  const platform = linuxOfThisMachine();
  const acceptLock = async (lock: Lock): Promise<void> => {
    if (wishes.gpus !== undefined) await checkDriver(app, lock);
  };
  const { found, id } = await useImages(
    async () => await findImages(app, plan, { platform, acceptLock }),
    async ({ revision }) => {
      const image = imageOf(revision, plan, platform);
      return { found: { revision, image }, id: await bringToEngine(app, engine, { revision, image }) };
    },
  );
  const lock = await lockOfImage(app, found.image);
  const hasConda = lock?.lock.packages.some(({ kind }) => kind === 'conda') === true;
  return {
    target: 'docker',
    engine: engine.name,
    lock,
    prefix: lock === undefined ? undefined : imagePrefix,
    imageDigest: found.image.digest,
    interpreter: undefined,
    notes,
    launch: async (parts) => ({
      removed: [],
      run: async (request) =>
        await runInContainer({
          ...request,
          ...containerParts(app, engine, wishes),
          image: id,
          condaPrefix: hasConda ? imagePrefix : undefined,
          runId: parts.runId,
          cwd: parts.cwd,
          callerEnv: app.env,
          variables: {
            ...defaults,
            ...condaFileVariables(version.definition),
            ...version.definition.environmentVariables,
            ...parts.jobVariables,
            ...parts.runVariables,
          },
          mounts: [
            { source: parts.cwd, readOnly: false },
            ...parts.writes.map((source) => ({ source, readOnly: false })),
            ...parts.reads.map((source) => ({ source, readOnly: true })),
          ],
        }),
    }),
  };
}

/** A replay takes the engine that its run had; where that is not here, another one does it too, and that is said. */
async function engineFor(
  app: App,
  { engine: named, formerEngine }: Wishes,
): Promise<{ engine: Engine; notes: string[] }> {
  const choice = { what: 'the target `docker`', containers: true };
  if (named !== undefined || formerEngine === undefined)
    return { engine: await chooseEngine(app, { ...choice, named }), notes: [] };
  try {
    return { engine: await chooseEngine(app, { ...choice, named: formerEngine }), notes: [] };
  } catch (error) {
    if (!isAppError(error, 'ENGINE_NOT_FOUND')) throw error;
    const engine = await chooseEngine(app, choice);
    return { engine, notes: [`it ran with ${formerEngine}, which does not work here; ${engine.name} runs it now`] };
  }
}

/** Of the machine only what a container does not bring itself. */
async function checkDriver(app: App, lock: Lock): Promise<void> {
  const { platform, inputs } = lock;
  await checkMachine(lock, { ...thisMachine(app.env), platform, glibc: inputs.virtualPackages.__glibc });
}

/** As for local runs: a log shows what was printed when it was printed. */
const defaults = { PYTHONUNBUFFERED: '1' };

function containerParts({ env }: App, engine: Engine, { gpus, shmSize, args }: Wishes) {
  return { engine, gpus, shmSize, extra: args, user: userIds(), network: env.TERROIR_RUN_NETWORK || undefined };
}

/** A replay has the very image of its run, and none is made for it. */
async function findImages(
  app: App,
  { imageDigest, locked, version }: RunPlan,
  { platform, acceptLock }: { platform: Platform; acceptLock: (lock: Lock) => Promise<void> },
): Promise<EnsuredImages> {
  if (imageDigest === undefined) return await ensureImages(app, version, [platform], { acceptLock });
  if (locked !== undefined) await acceptLock(locked.lock);
  const revision = await (await app.openWorkspace()).images.byDigest(imageDigest);
  if (revision === undefined) throw imageGone(imageDigest);
  return { revision, source: 'workspace' };
}

function imageOf({ platforms }: ImageRevision, { imageDigest }: RunPlan, platform: Platform): PlatformImage {
  const image = platforms.find((each) =>
    imageDigest === undefined ? each.platform === platform : each.digest === imageDigest,
  );
  if (image === undefined) throw imageGone(imageDigest);
  return image;
}

function imageGone(digest: string | undefined): AppError {
  return new AppError('IMAGE_NOT_FOUND', `the image ${digest} of the run is not in this workspace any more`, {
    hint: 'Submit its job again.',
  });
}

async function lockOfImage(app: App, { lockDigest }: PlatformImage): Promise<LockRevision | undefined> {
  if (lockDigest === null) return undefined;
  return await (await app.openWorkspace()).locks.byDigest(lockDigest);
}

function linuxOfThisMachine(): Platform {
  const own = currentPlatform();
  return own !== undefined && ociPlatform(own).architecture === 'arm64' ? 'linux-aarch64' : 'linux-64';
}
