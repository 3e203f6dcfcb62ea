import { isDefinitionPath } from '../app/index.ts';
import { openServer } from '../client/index.ts';
import { silent } from '../report/index.ts';
import { cloneRequest } from './clone-request.ts';
import { definitionSource } from './definition-source.ts';
import type { ConnectOptions, Terroir } from './types.ts';

export type UrlOptions = ConnectOptions & Required<Pick<ConnectOptions, 'cwd' | 'env'>>;

/** A workspace behind a server. */
export function openUrl(url: string, options: UrlOptions): Terroir {
  const { cwd, env, token = env.TERROIR_TOKEN || undefined, signal = new AbortController().signal } = options;
  const server = openServer(url, { cwd, env, token, signal, emit: silent, version: 'sdk' });
  return {
    register: async (definition, header = {}) =>
      (await server.createVersion({ source: definitionSource(definition), ...header })).version,
    environments: async ({ search, ...filter } = {}) =>
      await server.listEnvironments({ limit: pageLimit, ...filter, nameContains: search }),
    versions: async (name, filter = {}) => await server.listVersions(name, { limit: pageLimit, ...filter }),
    show: async (reference) => (await server.showVersion(reference)).version,
    archive: async (reference) => void (await server.archiveEnvironment(reference)),
    restore: async (reference) => void (await server.restoreEnvironment(reference)),
    update: async (reference, change) => await server.updateVersion(reference, change),
    delete: async (reference, deletion) => await server.deleteVersion(reference, deletion),
    clone: async (reference, clone) => (await server.cloneEnvironment(reference, cloneRequest(clone))).version,
    diff: async (from, to, { platform } = {}) => await server.diffEnvironments(from, to, platform),
    check: async (what) => {
      if (typeof what !== 'string') return (await server.checkDefinition(definitionSource(what))).findings;
      const isFile = await isDefinitionPath({ cwd }, what);
      return (await (isFile ? server.checkDefinition({ kind: 'path', path: what }) : server.checkVersion(what)))
        .findings;
    },
    lock: async (reference, { platform, relock = false } = {}) => {
      const { revision, outcome, lock } = await server.lockEnvironment(reference, {
        platform,
        relock,
        upgrade: [],
        dryRun: false,
      });
      return { revision, outcome, lock: { ...lock } };
    },
    build: async (reference, { platforms = [], rebuild = false } = {}) =>
      await server.buildImages(reference, { platforms, rebuild, outputs: [] }),
    image: async (reference, which) => await server.showImage(reference, which),
    run: async (input) => await server.submit(input),
    runs: async (filter = {}) => await server.listRuns({ limit: pageLimit, ...filter }),
    showRun: async (id) => await server.showRun(id),
    wait: async (id) => await server.waitFor(id),
    logs: (id) => server.logs(id),
    cancel: async (id) => await server.cancelRun(id),
    replay: async (id, { secrets } = {}) => await server.resubmit(id, secrets),
    registerModel: async (model) => await server.registerModel(model),
    models: async (filter = {}) => await server.listModels({ limit: pageLimit, ...filter }),
    showModel: async (reference) => {
      const { model, run } = await server.showModel(reference);
      return { ...model, environment: run.environment, lockDigest: run.lockDigest, imageDigest: run.imageDigest };
    },
    tokens: async (filter = {}) => await server.listTokens({ limit: pageLimit, ...filter }),
    createToken: async ({ user, role = 'reader', expires = '90d' }) => {
      const { token, text } = await server.createToken({ user, role, expires });
      return { ...token, token: text };
    },
    revokeToken: async (id) => await server.revokeToken(id),
    audit: async (filter = {}) => await server.listAudit({ limit: pageLimit, ...filter }),
    close: server.close,
  };
}

const pageLimit = 50;
