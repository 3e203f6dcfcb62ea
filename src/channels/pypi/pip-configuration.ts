import { join } from 'node:path';
import { parse } from 'ini';
import { AppError } from '../../errors/index.ts';
import { readTextIfExists } from '../../io/index.ts';

/** Where a setting was found; `doctor` shows it. */
export interface PipSetting {
  name: string;
  value: string;
  origin: string;
}

/** What pip would go by. */
export interface PipConfiguration {
  /** Undefined if nobody configured one: pip and uv know their own default. */
  indexUrl: string | undefined;
  extraIndexUrls: string[];
  findLinks: string[];
  noIndex: boolean;
  trustedHosts: string[];
  pre: boolean;
  preferBinary: boolean;
  requireHashes: boolean;
  noBinary: string[];
  onlyBinary: string[];
  constraints: string[];
  certificates: string | undefined;
  clientCertificate: string | undefined;
  proxy: string | undefined;
  retries: number | undefined;
  keyring: 'disabled' | 'subprocess';
  settings: PipSetting[];
}

export interface PipPlaces {
  env: Record<string, string | undefined>;
  home: string;
}

const sections = ['global', 'install', 'download'];
const empty = new Set(['', '0', 'false', 'no', 'off']);

/**
 * Reads pip's configuration as pip does: the machine's, the user's and the virtual environment's files, PIP_CONFIG_FILE, then PIP_… variables; the last
 * one wins. Where pip says nothing about indexes, uv's variables count.
 * @throws AppError USAGE for a file that cannot be read as INI.
 */
export async function readPipConfiguration({ env, home }: PipPlaces): Promise<PipConfiguration> {
  const settings = new Map<string, PipSetting>();
  for (const path of configurationFiles(env, home)) {
    const text = await readTextIfExists(path);
    if (text === undefined) continue;
    for (const [name, value] of readFile(path, text)) settings.set(name, { name, value, origin: path });
  }
  for (const [variable, value] of Object.entries(env)) {
    const name = /^PIP_(?<name>[A-Z][A-Z_]*)$/.exec(variable)?.groups?.name?.toLowerCase().replaceAll('_', '-');
    if (name !== undefined && value) settings.set(name, { name, value, origin: variable });
  }
  addUvVariables(settings, env);
  const text = (name: string): string | undefined => settings.get(name)?.value.trim() || undefined;
  const list = (name: string): string[] => text(name)?.split(/[\s]+/).filter((item) => item !== '') ?? [];
  const flag = (name: string): boolean => !empty.has((text(name) ?? '').toLowerCase());
  const names = (name: string): string[] => list(name).flatMap((item) => item.split(',')).filter((item) => item !== '');
  return {
    indexUrl: text('index-url'),
    extraIndexUrls: list('extra-index-url'),
    findLinks: list('find-links'),
    noIndex: flag('no-index'),
    trustedHosts: list('trusted-host'),
    pre: flag('pre'),
    preferBinary: flag('prefer-binary'),
    requireHashes: flag('require-hashes'),
    noBinary: names('no-binary'),
    onlyBinary: names('only-binary'),
    constraints: list('constraint'),
    certificates: text('cert'),
    clientCertificate: text('client-cert'),
    proxy: text('proxy'),
    retries: /^\d+$/.test(text('retries') ?? '') ? Number(text('retries')) : undefined,
    keyring: ['subprocess', 'import', 'auto'].includes(text('keyring-provider') ?? '') ? 'subprocess' : 'disabled',
    settings: [...settings.values()],
  };
}

function configurationFiles(env: Record<string, string | undefined>, home: string): string[] {
  if (env.PIP_CONFIG_FILE === '/dev/null') return [];
  const machine = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(':').filter((folder) => folder !== '').map((folder) => join(folder, 'pip', 'pip.conf'));
  return [
    ...machine,
    '/etc/pip.conf',
    join(home, '.pip', 'pip.conf'),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'pip', 'pip.conf'),
    ...(env.VIRTUAL_ENV ? [join(env.VIRTUAL_ENV, 'pip.conf')] : []),
    ...(env.PIP_CONFIG_FILE ? [env.PIP_CONFIG_FILE] : []),
  ];
}

function readFile(path: string, text: string): [string, string][] {
  // Python's INI continues a value on indented lines; joined by blanks, they mean the same to pip.
  const joined = text.replaceAll(/\r?\n[ \t]+(?=\S)/g, ' ');
  const parsed = parse(joined) as Record<string, unknown>;
  if (/^\s*[^#;[\s][^=:]*$/m.test(joined)) {
    throw new AppError('USAGE', `pip’s configuration \`${path}\` cannot be read: a line is neither \`[section]\` nor \`name = value\``, { hint: '`pip config list` says what pip makes of it.' });
  }
  return sections.flatMap((section) => {
    const values = parsed[section];
    if (typeof values !== 'object' || values === null) return [];
    return Object.entries(values).map(([name, value]): [string, string] => [name.toLowerCase().replaceAll('_', '-'), String(value)]);
  });
}

/** uv's own names for indexes, for those who configured only uv. */
function addUvVariables(settings: Map<string, PipSetting>, env: Record<string, string | undefined>): void {
  const add = (name: string, variable: string): void => {
    const value = env[variable];
    if (value && !settings.has(name)) settings.set(name, { name, value, origin: variable });
  };
  add('index-url', 'UV_DEFAULT_INDEX');
  add('index-url', 'UV_INDEX_URL');
  add('extra-index-url', 'UV_INDEX');
  add('extra-index-url', 'UV_EXTRA_INDEX_URL');
  add('find-links', 'UV_FIND_LINKS');
}
