import {
  type Channel,
  type CondaConfiguration,
  createKnownChannels,
  createRattlerSolver,
  defaultChannel,
  type KnownChannels,
  readCondaConfiguration,
  readCondaCredentials,
  resolveChannels,
} from '../channels/conda/index.ts';
import { createHttp, type Http } from '../io/index.ts';
import type { CondaSolver } from '../resolve/index.ts';
import type { Definition, Platform } from '../schema/index.ts';
import type { App } from './app.ts';

/** How conda channels are asked and packages fetched from them, configured as the user configured conda. */
export interface CondaChannel {
  configuration: CondaConfiguration;
  credentials: Awaited<ReturnType<typeof readCondaCredentials>>;
  http: Http;
  /** The channels that were named so far: what they say of credentials and mirrors holds for what is fetched. */
  known: KnownChannels;
}

export async function openCondaChannel(app: App): Promise<CondaChannel> {
  const { env, home, offline } = app;
  const configuration = await readCondaConfiguration({ env, home });
  const credentials = await readCondaCredentials({ env, home });
  const known = createKnownChannels();
  const { verify, proxyServers, retries } = configuration;
  const http = createHttp({
    env: withProxies(env, proxyServers),
    offline,
    credentials: credentials.header(known),
    certificates: typeof verify === 'string' ? verify : undefined,
    trustedHosts: verify === false ? ['*'] : undefined,
    retries,
  });
  return { configuration, credentials, http, known };
}

/** For packages of a definition's channels: afterwards their credentials and mirrors hold. */
export function nameChannels(
  app: App,
  channel: CondaChannel,
  { definition, platform }: { definition: Definition; platform: Platform },
): readonly Channel[] {
  const { env, home } = app;
  const { configuration, credentials, known } = channel;
  const written = definition.layer?.kind === 'conda' ? definition.layer.channels : [];
  const places = { env, home, configuration, platform, tokens: credentials.tokens };
  known.add(resolveChannels(written.length === 0 ? [defaultChannel] : written, places));
  return known.all();
}

export function openSolver(app: App, { configuration, credentials, http, known }: CondaChannel): CondaSolver {
  const { env, home, storeFolder, offline, emit, signal, store } = app;
  return createRattlerSolver({
    env,
    home,
    configuration,
    credentials,
    http,
    known,
    storeRoot: storeFolder,
    offline,
    emit,
    signal,
    findArchive: async (sha256) => ((await store.hasArchive(sha256)) ? store.archivePath(sha256) : undefined),
    keep: async (file) => await store.addArchive(file),
  });
}

/** conda's own proxies, where the environment names none. */
function withProxies(env: App['env'], { http, https }: Readonly<Record<string, string>>): App['env'] {
  return {
    ...env,
    http_proxy: env.http_proxy ?? env.HTTP_PROXY ?? http,
    https_proxy: env.https_proxy ?? env.HTTPS_PROXY ?? https,
  };
}
