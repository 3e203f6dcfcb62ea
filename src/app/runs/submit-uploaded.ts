import { checkTags } from '../../definition/index.ts';
import { AppError, isAppError } from '../../errors/index.ts';
import { sleep } from '../../io/index.ts';
import { readJob } from '../../jobs/index.ts';
import { type CommandJob, canonicalJson, type RunRecord, sha256, type UploadedFiles } from '../../schema/index.ts';
import { checkUploadedSnapshot, snapshotManifest } from '../../snapshots/index.ts';
import { createRunId, type EnvironmentVersion, type Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { findVersion } from '../environments/find-version.ts';
import { readSource } from '../environments/read-source.ts';
import { registerAnonymous } from '../environments/register.ts';
import { uploadedSnapshot } from '../environments/uploaded-files.ts';
import { refuseIfFull, type Waiting } from '../tasks/waiting.ts';
import { workerNames } from '../tasks/worker-names.ts';
import { enqueueRun } from './enqueue-run.ts';
import { planReplay } from './plan-replay.ts';
import type { RunCode, RunPlan } from './run-plan.ts';
import { placeOf, readVariables } from './submit.ts';

/** A job that somebody sent, with everything that it needs. */
export interface UploadedJob {
  /** The text of a command job; or `environment` and `command`. */
  job?: string;
  environment?: string;
  command?: string[];
  /** What runs; without it the run begins in an empty folder. */
  code?: UploadedFiles;
  /** The files beside the job, for an environment that is defined in it. */
  files?: UploadedFiles;
  inputs?: Record<string, string>;
  /** `secret:NAME` takes the value from `secrets`. */
  variables?: Record<string, string>;
  secrets?: Record<string, string>;
  target?: string;
  /** A number, or `all`; for containers. */
  gpus?: string;
  /** A worker, by its name. */
  compute?: string;
  /** Of those that wait, the highest comes first; 0 if not given. */
  priority?: number;
  timeout?: number;
  displayName?: string;
  tags?: Record<string, string>;
}

interface SubmitContext extends Waiting {
  /** What the run shall be called: the caller has seen that it can be a name. */
  id?: string;
  /** Sent again with the same key, a submission starts nothing. */
  key?: string;
}

export interface Submission {
  record: RunRecord;
  /** False for one that was sent before. */
  isNew: boolean;
}

/** Puts a run on record for somebody who need not be on this machine; a worker does it. */
export async function submitUploaded(app: App, request: UploadedJob, context: SubmitContext): Promise<Submission> {
  return await submitOnce(app, request, context, async () => await planOf(app, request));
}

/** Repeats a run for somebody on another machine. */
export async function replayUploaded(
  app: App,
  id: string,
  request: { secrets?: Record<string, string> },
  context: SubmitContext,
): Promise<Submission> {
  const plan = async (): Promise<RunPlan> => {
    const repeated = await planReplay(app, id, { onOutput: () => undefined, secrets: request.secrets });
    if (repeated.target.kind === 'docker') refuseEngineWords(app, repeated.target.args);
    return repeated;
  };
  return await submitOnce(app, { replay: id, ...request }, context, plan);
}

async function submitOnce(
  app: App,
  request: object,
  { id = createRunId(), key, maximumWaiting }: SubmitContext,
  plan: () => Promise<RunPlan>,
): Promise<Submission> {
  const workspace = await app.openWorkspace();
  if (key !== undefined) {
    const earlier = await claim(app, workspace, { key, digest: sha256(canonicalJson(request)), runId: id });
    if (earlier !== undefined) return { record: earlier, isNew: false };
  }
  try {
    await refuseIfFull(workspace, { maximumWaiting });
    const record = await enqueueRun(app, workspace, { ...(await plan()), id });
    return { record, isNew: true };
  } catch (error) {
    if (key !== undefined) await workspace.submissions.release(app.user, key);
    throw error;
  }
}

/** Milliseconds after which whoever took a key and made no run is gone. */
const patience = 10_000;

/** The run that the key made before, once it is there; undefined if the key is ours now. */
async function claim(
  app: App,
  workspace: Workspace,
  submission: { key: string; digest: string; runId: string },
): Promise<RunRecord | undefined> {
  const { user, signal } = app;
  const startedAt = performance.now();
  for (;;) {
    const { earlierRun } = await workspace.submissions.claim({ user, ...submission });
    if (earlierRun === undefined) return undefined;
    try {
      return await workspace.runs.get(earlierRun);
    } catch (error) {
      if (!isAppError(error, 'RUN_NOT_FOUND')) throw error;
    }
    if (performance.now() - startedAt > patience) await workspace.submissions.release(user, submission.key);
    else await sleep(20, signal);
  }
}

async function planOf(app: App, request: UploadedJob): Promise<RunPlan> {
  const workspace = await app.openWorkspace();
  const workers = await workerNames(app);
  const job = request.job === undefined ? undefined : readUploadedJob(request.job, request, workers);
  if (job === undefined && (request.command === undefined || request.environment === undefined)) {
    throw new AppError('USAGE', 'there is nothing to run', { hint: 'Send `job`, or `environment` and `command`.' });
  }
  if (job !== undefined && request.command !== undefined)
    throw new AppError('USAGE', '`job` and `command` cannot be given together');
  if (job === undefined && request.inputs !== undefined)
    throw new AppError('USAGE', '`inputs` are for jobs', { hint: 'Put them into the words of `command`.' });
  const tags = { ...job?.tags, ...request.tags };
  checkTags(tags);
  const version =
    job === undefined || request.environment !== undefined
      ? await findVersion(workspace, request.environment ?? '')
      : await environmentOf(app, workspace, job, request);
  refuseEngineWords(app, job?.container?.dockerArgs);
  const named = request.compute ?? request.target ?? job?.compute;
  const compute = workerOf(workers, named);
  const target = request.target ?? named;
  const place = placeOf(app, version, {
    target: workerOf(workers, target) === undefined ? target : undefined,
    gpus: request.gpus,
    container: job?.container,
  });
  return {
    version,
    target: place.target,
    compute,
    priority: request.priority,
    displayName: request.displayName ?? job?.displayName ?? job?.name,
    experimentName: job?.experimentName,
    description: job?.description,
    tags,
    command: job?.command ?? request.command ?? [],
    code: await codeOf(workspace, job, request),
    inputs: job?.inputs ?? {},
    optionalInputs: job?.optionalInputs ?? [],
    outputs: job?.outputs ?? {},
    variables: { ...job?.environmentVariables, ...readVariables(request.variables ?? {}) },
    secrets: request.secrets,
    timeout: request.timeout ?? job?.timeout,
    notes: [...place.notes, ...(job?.notes ?? [])],
    onOutput: () => undefined,
  };
}

/** Words for the engine can give a container the whole machine. @throws AppError PERMISSION_DENIED. */
function refuseEngineWords({ admin }: App, words: readonly string[] = []): void {
  if (words.length === 0 || admin === true) return;
  throw new AppError('PERMISSION_DENIED', '`resources.docker_args` on a server wants the role admin', {
    hint: 'Remove it, or run the job on a machine of your own.',
    details: { wanted: 'admin' },
  });
}

/** The worker that a target names; undefined if it may be any. @throws AppError USAGE if there is none of that name. */
function workerOf(workers: readonly string[], target: string | undefined): string | undefined {
  const name = target?.replace(/^azureml:/, '');
  if (name === undefined || name === 'local' || name === 'docker') return undefined;
  if (workers.includes(name)) return name;
  const targets = ['local', 'docker', ...workers].map((each) => `\`${each}\``);
  throw new AppError('USAGE', `there is no target \`${name}\``, {
    hint: `The targets are ${targets.join(', ')}; a worker is one while it is at work.`,
  });
}

/** The folder of a job that came without one. It must not matter: whatever depends on it is refused. */
const nowhere = '/nowhere';

function readUploadedJob(
  text: string,
  { target, compute, environment, inputs }: UploadedJob,
  workers: readonly string[],
): CommandJob {
  const job = readJob(
    { path: 'job.yml', text },
    { folder: nowhere, target: compute ?? target, workers, environment, inputs, cwd: nowhere },
  );
  const [path] = Object.entries(job.inputs).find(([, input]) => input.kind === 'path') ?? [];
  if (path !== undefined) {
    throw new AppError('UNSUPPORTED_FEATURE', `the input \`${path}\` is a path on your machine, not on the server`, {
      hint: 'Put it into the code, or pass a literal value.',
    });
  }
  const [output] = Object.entries(job.outputs).find(([, each]) => each.path !== undefined) ?? [];
  if (output !== undefined) {
    throw new AppError(
      'UNSUPPORTED_FEATURE',
      `the output \`${output}\` has a path, and the server decides where it is`,
      {
        hint: 'Leave `path` out: the output is kept with the run.',
      },
    );
  }
  return job;
}

async function environmentOf(
  app: App,
  workspace: Workspace,
  job: CommandJob,
  { files = {} }: UploadedJob,
): Promise<EnvironmentVersion> {
  const { environment } = job;
  if (environment.kind === 'inline') {
    const source = { kind: 'uploaded' as const, text: environment.source, path: 'job.yml', files };
    return await registerAnonymous(app, await readSource(app, source));
  }
  if (!environment.reference.startsWith(`${nowhere}/`)) return await findVersion(workspace, environment.reference);
  const path = environment.reference.slice(nowhere.length + 1);
  throw new AppError('UNSUPPORTED_FEATURE', `the job’s environment is the file \`${path}\` on your machine`, {
    hint: 'Register it and name it, or write its definition into the job.',
  });
}

async function codeOf(workspace: Workspace, job: CommandJob | undefined, request: UploadedJob): Promise<RunCode> {
  if (request.code === undefined) {
    if (job?.code === undefined) return { kind: 'none' };
    throw new AppError('INVALID_JOB', 'the job has `code`, and none was sent with it', {
      hint: 'Send its files in `code`, each by the digest of its content.',
    });
  }
  const entries = await uploadedSnapshot(workspace.blobs, request.code);
  checkUploadedSnapshot(entries);
  const { digest } = await workspace.blobs.put(snapshotManifest(entries));
  const size = entries.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0);
  return { kind: 'stored', snapshot: { digest, files: entries.length, size } };
}
