import { join } from 'node:path';
import {
  createCredentials,
  createUvResolver,
  ensureUv,
  type PipConfiguration,
  readPipConfiguration,
  type Uv,
} from '../../channels/pypi/index.ts';
import { stripUserInfo } from '../../errors/index.ts';
import {
  createHttp,
  createTemporaryFolder,
  findInterpreter,
  type Http,
  hashFile,
  type Interpreter,
  listInterpreters,
} from '../../io/index.ts';
import type { PypiResolver } from '../../resolve/index.ts';
import type { App } from '../app.ts';
import { tellWaiting } from '../tell-waiting.ts';

/** How packages are asked for and fetched, configured as the user configured pip. */
export interface PypiChannel {
  pip: PipConfiguration;
  http: Http;
  places: { indexes: string[]; findLinks: string[] };
}

/** `indexes` are addresses that a definition names; their credentials hold for what is fetched. */
export async function openPypiChannel(app: App, indexes: readonly string[] = []): Promise<PypiChannel> {
  const { env, home, offline } = app;
  const pip = await readPipConfiguration({ env, home });
  const http = createHttp({
    env,
    offline,
    credentials: createCredentials({ env, home }, pip, indexes),
    certificates: pip.certificates,
    trustedHosts: pip.trustedHosts,
    proxy: pip.proxy,
    retries: pip.retries,
    onWait: tellWaiting(app.emit),
  });
  const configured = pip.noIndex ? [] : [...(pip.indexUrl === undefined ? [] : [pip.indexUrl]), ...pip.extraIndexUrls];
  return { pip, http, places: { indexes: configured.map(stripUserInfo), findLinks: pip.findLinks } };
}

export async function openResolver(app: App, channel: PypiChannel): Promise<PypiResolver> {
  const { env, storeFolder, offline, emit, signal, store } = app;
  return createUvResolver({
    uv: await findUv(app, channel),
    pip: channel.pip,
    http: channel.http,
    env,
    storeRoot: storeFolder,
    offline,
    emit,
    signal,
    findPython: async (minor) => await pythonOfMinor(app, minor),
    keep: async (file) => await store.addArchive(file),
    hasArchive: async (sha256) => await store.hasArchive(sha256),
  });
}

export async function findUv(app: App, channel: PypiChannel, options: { lookOnly?: boolean } = {}): Promise<Uv> {
  const { env, storeFolder, offline, emit, signal, store } = app;
  return await ensureUv({
    env,
    storeRoot: storeFolder,
    http: channel.http,
    places: channel.places,
    offline,
    pythons: async () => (await listInterpreters(app.interpreters)).map(({ executable }) => executable),
    emit,
    signal,
    lookOnly: options.lookOnly,
    unpack: async ({ archive, filename }) => {
      const { sha256 } = await hashFile(archive);
      await store.addArchive(archive);
      return { folder: (await store.ensureWheel(sha256, filename)).folder };
    },
  });
}

/** An interpreter of this minor version, if the machine has one. */
export async function pythonOfMinor(app: App, minor: string): Promise<Interpreter | undefined> {
  try {
    return await findInterpreter(app.interpreters, {
      fits: (interpreter) => interpreter.minor === minor,
      subject: `Python ${minor}`,
      minor,
    });
  } catch {
    return undefined;
  }
}

export async function temporaryFolder(app: App, prefix: string): Promise<string> {
  return await createTemporaryFolder(join(app.storeFolder, 'tmp'), prefix);
}
