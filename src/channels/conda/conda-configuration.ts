import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { AppError } from '../../errors/index.ts';
import { listFolder, readTextIfExists } from '../../io/index.ts';

/** Where a setting was found; `doctor` shows it. */
export interface CondaSetting {
  name: string;
  origin: string;
}

/** What conda would go by. Addresses may carry credentials. */
export interface CondaConfiguration {
  channelAlias: string | undefined;
  defaultChannels: string[] | undefined;
  /** Name → the address below which the channel of that name lies. */
  customChannels: Record<string, string>;
  customMultichannels: Record<string, string[]>;
  /** Name or address of a channel → whole addresses, which stand in for its own. */
  mirroredChannels: Record<string, string[]>;
  /** A file with certificate authorities; false: nothing is checked. */
  verify: string | boolean;
  proxyServers: Record<string, string>;
  retries: number | undefined;
  settings: CondaSetting[];
}

export interface CondaPlaces {
  env: Record<string, string | undefined>;
  home: string;
}

/** The keys that matter here. Others are conda's own business. */
const List = z.union([z.string().transform((text) => [text]), z.array(z.string())]);
const Condarc = z.object({
  channel_alias: z.string().nullish(),
  default_channels: List.nullish(),
  custom_channels: z.record(z.string(), z.string()).nullish(),
  custom_multichannels: z.record(z.string(), List.nullable()).nullish(),
  mirrored_channels: z.record(z.string(), List.nullable()).nullish(),
  ssl_verify: z.union([z.boolean(), z.string()]).nullish(),
  proxy_servers: z.record(z.string(), z.string().nullable()).nullish(),
  remote_max_retries: z.number().int().min(0).nullish(),
});
type Condarc = z.infer<typeof Condarc>;
type Key = keyof Condarc;

/**
 * Reads conda's configuration as conda does: the machine's, the base installation's, the user's and the active environment's files, CONDARC, then
 * CONDA_… variables; over them TERROIR_CHANNEL_ALIAS, TERROIR_DEFAULT_CHANNELS and TERROIR_MIRRORED_CHANNELS. Of a value the last one counts, maps
 * grow together, and of lists the later one comes first. `channels` are left alone: which ones count is the definition's to say.
 * @throws AppError USAGE for a file that cannot be read.
 */
export async function readCondaConfiguration({ env, home }: CondaPlaces): Promise<CondaConfiguration> {
  const merged: Condarc = {};
  const origins = new Map<string, string>();
  const add = (found: Condarc, origin: string): void => {
    for (const key of Object.keys(found) as Key[]) {
      if (found[key] === undefined || found[key] === null) continue;
      origins.set(key, origin);
      merge(merged, key, found[key]);
    }
  };
  for (const path of await configurationFiles(env, home)) {
    const text = await readTextIfExists(path);
    if (text !== undefined) add(readFile(path, text, env), path);
  }
  for (const [origin, found] of variables(env)) add(found, origin);
  return {
    channelAlias: merged.channel_alias ?? undefined,
    defaultChannels: merged.default_channels ?? undefined,
    customChannels: merged.custom_channels ?? {},
    customMultichannels: lists(merged.custom_multichannels),
    mirroredChannels: lists(merged.mirrored_channels),
    verify: verification(merged.ssl_verify),
    proxyServers: withoutNulls(merged.proxy_servers),
    retries: merged.remote_max_retries ?? undefined,
    settings: [...origins].map(([name, origin]) => ({ name, origin })),
  };
}

function merge(into: Condarc, key: Key, value: unknown): void {
  const before: unknown = into[key];
  if (Array.isArray(value) && Array.isArray(before)) {
    Object.assign(into, { [key]: [...new Set([...(value as string[]), ...(before as string[])])] });
  } else if (isMap(value) && isMap(before)) Object.assign(into, { [key]: { ...before, ...value } });
  else Object.assign(into, { [key]: value });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** In the order in which they are read. */
async function configurationFiles(env: CondaPlaces['env'], home: string): Promise<string[]> {
  const root = env.CONDA_ROOT || env.CONDA_EXE?.replace(/[\\/][^\\/]+[\\/][^\\/]+$/, '');
  const folders = [
    '/etc/conda',
    '/var/lib/conda',
    ...(root ? [root] : []),
    ...(env.XDG_CONFIG_HOME ? [join(env.XDG_CONFIG_HOME, 'conda')] : []),
    join(home, '.config', 'conda'),
    join(home, '.conda'),
  ];
  const prefix = env.CONDA_PREFIX ? await filesIn(env.CONDA_PREFIX) : [];
  const found = await Promise.all(folders.map(filesIn));
  const all = [...found.flat(), join(home, '.mambarc'), join(home, '.condarc'), ...prefix];
  return [...new Set(env.CONDARC ? [...all, env.CONDARC] : all)];
}

async function filesIn(folder: string): Promise<string[]> {
  const parts = (await listFolder(join(folder, 'condarc.d')))
    .filter(({ name }) => /\.ya?ml$|^\.?condarc$/.test(name))
    .map(({ name }) => join(folder, 'condarc.d', name));
  return [join(folder, '.condarc'), join(folder, 'condarc'), ...parts];
}

function readFile(path: string, text: string, env: CondaPlaces['env']): Condarc {
  let value: unknown;
  try {
    value = expand(parse(text), env);
  } catch (error) {
    throw unreadable(path, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error), error);
  }
  if (value === null || value === undefined) return {};
  const read = Condarc.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw unreadable(path, `\`${issue?.path.join('.') || 'the file'}\`: ${issue?.message ?? ''}`, read.error);
}

function unreadable(path: string, why: string, cause: unknown): AppError {
  return new AppError('USAGE', `conda’s configuration \`${path}\` cannot be read: ${why}`, {
    hint: '`conda config --show-sources` says what conda makes of it.',
    cause,
  });
}

/** conda puts variables into its files: `$NAME` and `${NAME}`. One that is not set stays as it is. */
function expand(value: unknown, env: CondaPlaces['env']): unknown {
  if (Array.isArray(value)) return value.map((item) => expand(item, env));
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, env)]));
  if (typeof value !== 'string') return value;
  return value.replaceAll(
    /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g,
    (whole, braced?: string, bare?: string) => env[braced ?? bare ?? ''] ?? whole,
  );
}

function* variables(env: CondaPlaces['env']): Generator<[string, Condarc]> {
  const list = (text: string): string[] =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  for (const maker of ['CONDA', 'TERROIR']) {
    const alias = env[`${maker}_CHANNEL_ALIAS`];
    if (alias) yield [`${maker}_CHANNEL_ALIAS`, { channel_alias: alias }];
    const channels = env[`${maker}_DEFAULT_CHANNELS`];
    if (channels) yield [`${maker}_DEFAULT_CHANNELS`, { default_channels: list(channels) }];
  }
  if (env.CONDA_SSL_VERIFY) yield ['CONDA_SSL_VERIFY', { ssl_verify: env.CONDA_SSL_VERIFY }];
  const retries = env.CONDA_REMOTE_MAX_RETRIES ?? '';
  if (/^\d+$/.test(retries)) yield ['CONDA_REMOTE_MAX_RETRIES', { remote_max_retries: Number(retries) }];
  if (env.TERROIR_MIRRORED_CHANNELS)
    yield ['TERROIR_MIRRORED_CHANNELS', mirrorsOf(env.TERROIR_MIRRORED_CHANNELS, list)];
}

/** `conda-forge=https://a/conda-forge,https://b/conda-forge; other=https://a/other` */
function mirrorsOf(text: string, list: (text: string) => string[]): Condarc {
  const mirrors: Record<string, string[]> = {};
  for (const item of text.split(';').filter((each) => each.trim() !== '')) {
    const [, name, urls] = /^\s*([^=]+?)\s*=\s*(.+)$/.exec(item) ?? [];
    if (name === undefined || urls === undefined) {
      throw new AppError('USAGE', `TERROIR_MIRRORED_CHANNELS has \`${item.trim()}\`, which is no mirror`, {
        hint: 'Write it like `conda-forge=https://mirror.example/conda-forge`; several are set apart by `;`.',
      });
    }
    mirrors[name] = list(urls);
  }
  return { mirrored_channels: mirrors };
}

function lists(map: Record<string, string[] | null> | null | undefined): Record<string, string[]> {
  return Object.fromEntries(Object.entries(map ?? {}).map(([name, items]) => [name, items ?? []]));
}

function withoutNulls(map: Record<string, string | null> | null | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(map ?? {}).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

function verification(value: string | boolean | null | undefined): string | boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? true;
  if (/^(?:true|yes|on|1|truststore|<.*>)$/i.test(value)) return true;
  return /^(?:false|no|off|0)$/i.test(value) ? false : value;
}
