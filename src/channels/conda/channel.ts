import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError, stripUserInfo } from '../../errors/index.ts';
import type { Platform } from '../../schema/index.ts';
import { expandVariables, hideVariables } from '../variables.ts';
import type { CondaConfiguration, CondaPlaces } from './conda-configuration.ts';
import { publicAlias, publicDefaults, publicPlace } from './default-channels.ts';

/** A conda channel: a folder with one folder of packages for each platform. */
export interface Channel {
  /** As definition or configuration name it, without credentials: for messages. */
  name: string;
  /** Its address, without credentials and trailing slash: what a lock says, on every machine. */
  url: string;
  /** Where it is read, the first one that answers. May carry credentials: user info, and tokens in the path. */
  sources: string[];
  /** The only folders of it that count, where its name ends with one. */
  subdirs: string[] | undefined;
  /** Puts `${NAME}` back into a text that was made with what it stands for. */
  hide: (text: string) => string;
}

export interface ChannelPlaces extends CondaPlaces {
  configuration: CondaConfiguration;
  platform: Platform;
  /** Tokens by host, which go into the path. */
  tokens?: ReadonlyMap<string, string>;
}

const subdirEnd = /\/((?:linux|osx|win|freebsd|zos|emscripten|wasi)-[a-z0-9_]+|noarch)$/;
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/;

/**
 * The channels that a text stands for: a name, an address, a folder, or the name of several channels (`defaults`). `nodefaults` is none.
 * @throws AppError INVALID_DEFINITION for what is none; UNAUTHORIZED for a variable that is not set; UNSUPPORTED_FEATURE for other kinds of addresses.
 */
export function resolveChannel(written: string, places: ChannelPlaces): Channel[] {
  const { configuration, platform } = places;
  const text = written.trim();
  if (text === 'nodefaults' || text === '') return [];
  const several =
    configuration.customMultichannels[text] ??
    (text === 'defaults' ? (configuration.defaultChannels ?? publicDefaults(platform)) : undefined);
  return several === undefined
    ? [oneChannel(text, places)]
    : several.flatMap((each) => (each === text ? [oneChannel(each, places)] : resolveChannel(each, places)));
}

/** The channels of a definition, in its order, each once. */
export function resolveChannels(written: readonly string[], places: ChannelPlaces): Channel[] {
  const byUrl = new Map<string, Channel>();
  for (const channel of written.flatMap((text) => resolveChannel(text, places))) {
    const before = byUrl.get(channel.url);
    if (before === undefined) byUrl.set(channel.url, channel);
    else if (before.subdirs !== undefined)
      byUrl.set(channel.url, { ...before, subdirs: channel.subdirs && [...before.subdirs, ...channel.subdirs] });
  }
  return [...byUrl.values()];
}

function oneChannel(text: string, places: ChannelPlaces): Channel {
  const { env, tokens } = places;
  const hide = hideVariables(text, env);
  const whole = expandVariables(text, env).replace(/\/+$/, '');
  const subdir = subdirEnd.exec(whole)?.[1];
  const bare = subdir === undefined ? whole : whole.slice(0, -subdir.length - 1).replace(/\/+$/, '');
  const address = addressOf(bare, text, places);
  const url = hide(withoutSecrets(address));
  const name = isAddress(bare) ? url : hide(bare);
  return {
    name,
    url,
    sources: sourcesOf({ text, bare, address, url }, places).map((source) => withToken(source, tokens)),
    subdirs: subdir === undefined ? undefined : [subdir],
    hide,
  };
}

/** Mirrors; else the place that the configuration has for a channel of this name, and where it was written as an address, that. */
function sourcesOf(
  { text, bare, address, url }: { text: string; bare: string; address: string; url: string },
  places: ChannelPlaces,
): string[] {
  const name = canonicalName(isAddress(bare) ? withoutSecrets(address) : bare, places.configuration);
  const mirrors = mirrorsOf([name, url], places.configuration);
  if (mirrors.length > 0) return mirrors.map((mirror) => mirror.replace(/\/+$/, ''));
  if (!isAddress(bare) || isAddress(name)) return [address];
  const configured = addressOf(name, text, places);
  return withoutSecrets(configured) === withoutSecrets(address) ? [address] : [configured, address];
}

/** A channel may be configured by its name and asked for by its address (as in the lock of another tool), or the other way round. */
function mirrorsOf(names: readonly string[], configuration: CondaConfiguration): string[] {
  const isMeant = (key: string): boolean =>
    names.includes(key) || names.includes(canonicalName(withoutSecrets(key), configuration));
  const found = Object.entries(configuration.mirroredChannels).filter(
    ([key, items]) => items.length > 0 && isMeant(key),
  );
  const exact = found.find(([key]) => names.includes(key));
  return (exact ?? found[0])?.[1] ?? [];
}

/**
 * The name of which an address is the place, as conda takes an address below `channel_alias` for a name; other texts come back as they are. The public
 * place counts whatever alias is configured: it is what locks and other tools mean by a name.
 */
function canonicalName(text: string, { customChannels, channelAlias }: CondaConfiguration): string {
  const url = text.replace(/\/+$/, '');
  if (!isAddress(url)) return url;
  const below = (base: string): string | undefined => {
    const start = `${withoutSecrets(base)}/`;
    return url.startsWith(start) ? url.slice(start.length) : undefined;
  };
  const custom = Object.entries(customChannels).flatMap(([name, base]) => {
    const rest = below(base);
    return rest === name || rest?.startsWith(`${name}/`) === true ? [rest] : [];
  });
  const names = [...custom, channelAlias && below(channelAlias), below(publicPlace), below(publicAlias)];
  return names.find((name) => name && name !== 'local' && namePattern.test(name)) || url;
}

/** May carry credentials. */
function addressOf(bare: string, written: string, { configuration, env, home, platform }: ChannelPlaces): string {
  if (isAddress(bare)) return checkAddress(bare, written);
  if (bare.startsWith('~/')) return pathToFileURL(join(home, bare.slice(2))).href;
  if (isAbsolute(bare)) return pathToFileURL(bare).href;
  if (/^\.{1,2}(?:\/|$)/.test(bare)) {
    throw new AppError('INVALID_DEFINITION', `the channel \`${written}\` is a path relative to nothing`, {
      hint: 'A version never points into the folder it came from: write the absolute path, or serve the channel.',
    });
  }
  if (bare === 'local') {
    throw new AppError('UNSUPPORTED_FEATURE', 'the channel `local` means what conda-build made on one machine', {
      hint: 'Name the folder of the channel instead: `/opt/conda/conda-bld`.',
    });
  }
  if (!namePattern.test(bare)) {
    throw new AppError('INVALID_DEFINITION', `\`${written}\` is no channel`, {
      hint: 'A channel is a name (`conda-forge`), an address (`https://…`) or an absolute path.',
    });
  }
  const configured = customAddress(bare, configuration.customChannels);
  if (configured !== undefined) return checkAddress(expandVariables(configured, env), written);
  const defaults = (configuration.defaultChannels ?? publicDefaults(platform)).filter(isAddress);
  const known = [...defaults, ...publicDefaults(platform)].find((url) => url.replace(/\/+$/, '').endsWith(`/${bare}`));
  if (bare.includes('/') && known !== undefined) return known.replace(/\/+$/, '');
  return `${(configuration.channelAlias ?? publicAlias).replace(/\/+$/, '')}/${bare}`;
}

/** conda's rule: the longest beginning of the name that is configured. */
function customAddress(name: string, custom: Readonly<Record<string, string>>): string | undefined {
  for (let end = name.length; end > 0; end = name.lastIndexOf('/', end - 1)) {
    const base = custom[name.slice(0, end)];
    if (base !== undefined) return `${base.replace(/\/+$/, '')}/${name}`;
  }
  return undefined;
}

function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

function checkAddress(address: string, written: string): string {
  if (!URL.canParse(address)) {
    throw new AppError('INVALID_DEFINITION', `the channel \`${written}\` is no address`, {
      hint: 'Addresses begin with `https://`, `http://` or `file://`.',
    });
  }
  if (/^file:\/\/(?!localhost\/|\/)/i.test(address)) {
    throw new AppError('UNSUPPORTED_FEATURE', `the channel \`${written}\` is a folder of another machine`, {
      hint: 'Mount it and write its path, or serve it over HTTP.',
    });
  }
  if (/^(?:https?|file):/i.test(address)) return address.replace(/[?#].*$/, '').replace(/\/+$/, '');
  throw new AppError('UNSUPPORTED_FEATURE', `channels are not read by \`${new URL(address).protocol}//\``, {
    hint: 'Use an address that begins with `https://`, `http://` or `file://`.',
  });
}

/** An address as a lock may have it. */
export function withoutSecrets(address: string): string {
  return stripUserInfo(address)
    .replace(/^(https?:\/\/[^/]+(?:\/[^/]+)*?)\/t\/[^/]+(?=\/|$)/i, '$1')
    .replace(/\/+$/, '');
}

/** Servers of channels take a token as the first part of the path. */
function withToken(source: string, tokens: ReadonlyMap<string, string> | undefined): string {
  if (tokens === undefined || tokens.size === 0 || !/^https?:/i.test(source) || /\/t\/[^/]+/.test(source))
    return source;
  const url = new URL(source);
  const token = tokens.get(url.host) ?? tokens.get(url.hostname);
  if (token === undefined || url.username !== '') return source;
  return `${url.origin}/t/${encodeURIComponent(token)}${url.pathname}`.replace(/\/+$/, '');
}
