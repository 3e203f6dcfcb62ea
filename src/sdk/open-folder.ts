import {
  type App,
  archiveEnvironment,
  buildImages,
  cancelRun,
  checkDefinitionText,
  checkEnvironment,
  cloneEnvironment,
  createToken,
  createVersion,
  deleteVersion,
  diffEnvironments,
  followLogs,
  handOverRun,
  isDefinitionPath,
  keepContents,
  listAudit,
  listEnvironments,
  listModels,
  listRuns,
  listTokens,
  listVersions,
  lockEnvironment,
  openApp,
  registerModel,
  replayUploaded,
  restoreEnvironment,
  revokeToken,
  type Submission,
  showImage,
  showModel,
  showRun,
  showVersion,
  startWorker,
  submitUploaded,
  updateVersion,
  type Worker,
} from '../app/index.ts';
import { sleep } from '../io/index.ts';
import { silent } from '../report/index.ts';
import { terminalStatuses } from '../schema/index.ts';
import { cloneRequest } from './clone-request.ts';
import { definitionSource } from './definition-source.ts';
import { toPieces } from './pieces.ts';
import type { ConnectOptions, DefinitionInput, Run, Terroir, VersionHeader } from './types.ts';

/** Runs of one process on a folder: more wait. */
const parallelRuns = 4;
const pageLimit = 50;
const unlimited = { maximumWaiting: Number.POSITIVE_INFINITY };

export type FolderOptions = ConnectOptions & Required<Pick<ConnectOptions, 'cwd' | 'env' | 'user'>> & { home: string };

/** A workspace in a folder, worked on by this process. */
export async function openFolder(folder: string | undefined, options: FolderOptions): Promise<Terroir> {
  const { cwd, signal = new AbortController().signal } = options;
  const app = await openApp({
    ...options,
    signal,
    origin: 'the SDK',
    workspace: folder,
    offline: false,
    emit: silent,
    version: 'sdk',
  });
  /** What this process submitted, and does. */
  const own = new Set<string>();
  let worker: Promise<Worker> | undefined;
  const register = async (definition: DefinitionInput, header: VersionHeader & { anonymous?: boolean } = {}) =>
    (await createVersion(app, { source: definitionSource(definition), ...header })).version;
  const settle = async (word: string): Promise<string> => {
    if (!(await isDefinitionPath(app, word))) return word;
    const { name, version } = await register({ file: word }, { anonymous: true });
    return `${name}:${version}`;
  };
  /** What waits for anybody is done by this process; what was sent to a worker by its name, by that one. */
  const attend = async ({ record }: Submission): Promise<Run> => {
    if (record.compute !== null) return record;
    own.add(record.id);
    worker ??= startWorker(app, { parallel: parallelRuns, own });
    (await worker).wake();
    return record;
  };
  return {
    register,
    environments: async ({ search, limit = pageLimit, ...filter } = {}) =>
      await listEnvironments(app, { ...filter, limit, nameContains: search }),
    versions: async (name, { limit = pageLimit, ...filter } = {}) =>
      await listVersions(app, name, { ...filter, limit }),
    show: async (reference) => (await showVersion(app, reference)).version,
    archive: async (reference) => void (await archiveEnvironment(app, reference)),
    restore: async (reference) => void (await restoreEnvironment(app, reference)),
    update: async (reference, change) => await updateVersion(app, reference, change),
    delete: async (reference, deletion) => await deleteVersion(app, reference, deletion),
    clone: async (reference, clone) => (await cloneEnvironment(app, reference, cloneRequest(clone))).version,
    diff: async (from, to, { platform } = {}) => await diffEnvironments(app, from, to, platform),
    check: async (what) =>
      typeof what === 'string'
        ? (await checkEnvironment(app, what, { fix: false })).findings
        : (await checkDefinitionText(app, definitionSource(what))).findings,
    lock: async (reference, { platform, relock = false } = {}) => {
      const { revision, outcome, lock } = await lockEnvironment(app, reference, {
        platform,
        relock,
        upgrade: [],
        dryRun: false,
      });
      return { revision, outcome, lock: { ...lock } };
    },
    build: async (reference, { platforms = [], rebuild = false } = {}) =>
      await buildImages(app, reference, { platforms, rebuild, outputs: [] }),
    image: async (reference, which) => await showImage(app, reference, which),
    run: async (input) => {
      const options = { cwd, env: app.env, signal, settle };
      const request = await handOverRun(input, options, (contents) => keepContents(app, contents));
      // On a machine of one's own, secrets come from the environment.
      const submitter = { ...app, env: { ...app.env, ...input.secrets } };
      return await attend(await submitUploaded(submitter, request, unlimited));
    },
    runs: async ({ limit = pageLimit, ...filter } = {}) => await listRuns(app, { ...filter, limit }),
    showRun: async (id) => await showRun(app, id),
    wait: async (id) => await waitFor(app, id),
    logs: (id) => toPieces((write) => followLogs(app, id, { follow: true, write })),
    cancel: async (id) => await cancelRun(app, id),
    replay: async (id, { secrets } = {}) =>
      await attend(await replayUploaded({ ...app, env: { ...app.env, ...secrets } }, id, { secrets }, unlimited)),
    registerModel: async (model) => await registerModel(app, model),
    models: async ({ limit = pageLimit, ...filter } = {}) => await listModels(app, { ...filter, limit }),
    showModel: async (reference) => {
      const { model, run } = await showModel(app, reference);
      return { ...model, environment: run.environment, lockDigest: run.lockDigest, imageDigest: run.imageDigest };
    },
    tokens: async ({ limit = pageLimit, ...filter } = {}) => await listTokens(app, { ...filter, limit }),
    createToken: async ({ user, role = 'reader', expires = '90d' }) => {
      const { token, text } = await createToken(app, { user, role, expires });
      return { ...token, token: text };
    },
    revokeToken: async (id) => await revokeToken(app, id),
    audit: async ({ limit = pageLimit, ...filter } = {}) => await listAudit(app, { ...filter, limit }),
    close: async () => {
      for (const id of own) await waitFor(app, id);
      await (await worker)?.stop();
      await app.close();
    },
  };
}

async function waitFor(app: App, id: string): Promise<Run> {
  for (;;) {
    const run = await showRun(app, id);
    if (terminalStatuses.has(run.status)) return run;
    await sleep(100, app.signal);
  }
}
