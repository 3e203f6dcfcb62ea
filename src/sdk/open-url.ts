import type { PackedContent } from '../app/index.ts';
import { AppError } from '../errors/index.ts';
import { currentPlatform, readFileRange, sleep } from '../io/index.ts';
import { terminalStatuses } from '../schema/index.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { followRun } from './follow-run.ts';
import { makeDefinition, makeRun } from './make-request.ts';
import type { ConnectOptions, Image, LockResult, Run, Terroir } from './types.ts';

export type UrlOptions = ConnectOptions & Required<Pick<ConnectOptions, 'cwd' | 'env'>>;

/** A workspace behind a server. */
export function openUrl(url: string, options: UrlOptions): Terroir {
  const { cwd, env, signal } = options;
  const api = createApiClient(url, { env, signal, token: options.token ?? (env.TERROIR_TOKEN || undefined) });
  const register: Terroir['register'] = async (definition, header = {}) => {
    const { text, path, files, contents } = await makeDefinition(definition, cwd);
    await upload(api, contents);
    const body = { definition: { text, path, files }, ...header };
    return await api.json({ method: 'POST', path: '/environments', body });
  };
  const showRun = async (id: string): Promise<Run> => await api.json({ path: `/runs/${encodeURIComponent(id)}` });
  const move = async (reference: string, verb: 'archive' | 'restore'): Promise<void> => {
    const path = /[:@]/.test(reference) ? pathOf(reference) : `/environments/${encodeURIComponent(reference)}`;
    await api.send({ method: 'POST', path: `${path}/${verb}` });
  };
  return {
    register,
    environments: async ({ tags, ...query } = {}) =>
      await api.json({ path: '/environments', query: { ...query, tag: tags } }),
    versions: async (name, query = {}) =>
      await api.json({ path: `/environments/${encodeURIComponent(name)}/versions`, query: { ...query } }),
    show: async (reference) => await api.json({ path: pathOf(reference) }),
    archive: async (reference) => await move(reference, 'archive'),
    restore: async (reference) => await move(reference, 'restore'),
    lock: async (reference, { platform = currentPlatform(), relock = false } = {}) => {
      const path = `${pathOf(reference)}/locks/${platform ?? 'linux-64'}`;
      const { revision, outcome, lock } = await api.json<LockResult>({ method: 'POST', path, body: { relock } });
      return { revision, outcome, lock };
    },
    build: async (reference, options = {}) => {
      const path = `${pathOf(reference)}/images`;
      return (await api.json<{ items: Image[] }>({ method: 'POST', path, body: options })).items;
    },
    run: async (input) => {
      const { request, contents } = await makeRun(input, { cwd, signal, register });
      await upload(api, contents);
      return await api.json({ method: 'POST', path: '/runs', body: request });
    },
    runs: async (query = {}) => await api.json({ path: '/runs', query: { ...query } }),
    showRun,
    wait: async (id) => await waitFor(showRun, id, signal),
    logs: (id) => followRun(api, id, signal),
    cancel: async (id) => {
      await api.send({ method: 'POST', path: `/runs/${encodeURIComponent(id)}/cancel` });
      return await waitFor(showRun, id, signal);
    },
    registerModel: async (body) => await api.json({ method: 'POST', path: '/models', body }),
    models: async (query = {}) => await api.json({ path: '/models', query: { ...query } }),
    showModel: async (reference) => {
      const [name, version] = split(reference);
      const path = `/models/${encodeURIComponent(name)}`;
      return await api.json({ path: version === undefined ? path : `${path}/versions/${encodeURIComponent(version)}` });
    },
    close: api.close,
  };
}

/** The path of a version: `name` and `name@latest` are the one that was created last. */
function pathOf(reference: string): string {
  const plain = reference.replace(/^azureml:/, '');
  const [name, version] = split(plain);
  const [, bare = name, label] = /^([^@]*)@(.*)$/.exec(name) ?? [];
  if (label !== undefined && label !== 'latest')
    throw new AppError('USAGE', `there is no label \`${label}\``, { hint: 'The only label is `latest`.' });
  return `/environments/${encodeURIComponent(bare)}/versions/${version === undefined ? '@latest' : encodeURIComponent(version)}`;
}

function split(reference: string): [string, string | undefined] {
  const colon = reference.indexOf(':');
  return colon === -1 ? [reference, undefined] : [reference.slice(0, colon), reference.slice(colon + 1)];
}

/** Sends what the server lacks. */
async function upload(api: ApiClient, contents: ReadonlyMap<string, PackedContent>): Promise<void> {
  if (contents.size === 0) return;
  const { missing } = await api.json<{ missing: string[] }>({
    method: 'POST',
    path: '/blobs/missing',
    body: { digests: [...contents.keys()] },
  });
  for (const digest of missing) {
    const content = contents.get(digest);
    if (content === undefined) continue;
    const bytes = 'bytes' in content ? content.bytes : readFileRange(content.file);
    const headers = { 'content-type': 'application/octet-stream' };
    await api.send({ method: 'PUT', path: `/blobs/${digest}`, bytes, headers });
  }
}

/** Asks less and less often, up to a second apart. */
async function waitFor(showRun: (id: string) => Promise<Run>, id: string, signal?: AbortSignal): Promise<Run> {
  for (let pause = 50; ; pause = Math.min(1000, pause * 1.5)) {
    const run = await showRun(id);
    if (terminalStatuses.has(run.status)) return run;
    await sleep(pause, signal);
  }
}
