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
} from '../../channels/conda/index.ts';
import { createHttp, type Http } from '../../io/index.ts';
import { parseCondaSpec } from '../../requirements/index.ts';
import type { CondaSolver } from '../../resolve/index.ts';
import type { Definition, Lock, Platform } from '../../schema/index.ts';
import { openCondaArchives } from '../../store/index.ts';
import type { App } from '../app.ts';
import { tellWaiting } from '../tell-waiting.ts';

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
  warnOfProxies(app, proxyServers);
  const http = createHttp({
    env: withProxies(env, proxyServers),
    offline,
    credentials: credentials.header(known),
    certificates: typeof verify === 'string' ? verify : undefined,
    trustedHosts: verify === false ? ['*'] : undefined,
    retries,
    onWait: tellWaiting(app.emit),
  });
  return { configuration, credentials, http, known };
}

/** The channels of a definition (conda-forge for none). From now on their credentials and mirrors hold for what is fetched from them. */
export function channelsOf(
  { env, home }: App,
  { configuration, credentials, known }: CondaChannel,
  { channels, platform }: { channels: readonly string[]; platform: Platform },
): Channel[] {
  const places = { env, home, configuration, platform, tokens: credentials.tokens };
  const named = resolveChannels(channels, places);
  const found = named.length > 0 ? named : resolveChannels([defaultChannel], places);
  known.add(found);
  return found;
}

/** The same for all that a lock names, and its definition, in specifications too. */
export function nameChannels(
  app: App,
  channel: CondaChannel,
  { definition, lock: { packages, platform } }: { definition: Definition; lock: Lock },
): void {
  const { layer } = definition;
  const locked = new Set(
    packages.flatMap((pkg) => (pkg.kind === 'conda' && /^https?:/.test(pkg.channel) ? [pkg.channel] : [])),
  );
  // The definition comes after it: it may say with which credentials.
  if (locked.size > 0) channelsOf(app, channel, { channels: [...locked], platform });
  if (layer?.kind !== 'conda') return;
  const specs = layer.dependencies.flatMap((item) => (typeof item === 'string' ? [parseCondaSpec(item)?.channel] : []));
  const named = specs.filter((text) => text !== undefined);
  channelsOf(app, channel, { channels: layer.channels, platform });
  if (named.length > 0) channelsOf(app, channel, { channels: named, platform });
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
    archives: openCondaArchives(store),
  });
}

/** conda's own proxies, where the environment names none. */
function withProxies(env: App['env'], { http, https, all }: Readonly<Record<string, string>>): App['env'] {
  const always = env.all_proxy ?? env.ALL_PROXY;
  return {
    ...env,
    http_proxy: env.http_proxy ?? env.HTTP_PROXY ?? always ?? http ?? all,
    https_proxy: env.https_proxy ?? env.HTTPS_PROXY ?? always ?? https ?? all,
  };
}

const warned = new WeakSet<object>();

/** conda takes `https://HOST` and `all://HOST` too: a proxy for one server. */
function warnOfProxies({ env, emit }: App, servers: Readonly<Record<string, string>>): void {
  const others = Object.keys(servers).filter((key) => !['http', 'https', 'all'].includes(key));
  if (others.length === 0 || warned.has(env)) return;
  // Once, however often channels are opened.
  warned.add(env);
  emit({
    type: 'note',
    level: 'warning',
    message: `\`proxy_servers\` of conda’s configuration has ${others.map((key) => `\`${key}\``).join(', ')}, which does not count here`,
    hint: 'Proxies by `http`, `https` and `all` count; NO_PROXY names the servers that are asked without one.',
  });
}
