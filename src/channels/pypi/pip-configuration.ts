import { join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { currentPlatform, isFolder, pathExists, readTextIfExists } from '../../io/index.ts';
import { parsePythonIni } from './python-ini.ts';

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

/** Of a file, the later one counts. */
const sections = ['global', 'install'];
const no = new Set(['', '0', 'n', 'no', 'f', 'false', 'off']);

/**
 * Reads pip's configuration as `pip install` does: the machine's, the user's and the virtual environment's files, PIP_CONFIG_FILE, then PIP_… variables.
 * Per section the last file wins, then `[install]` over `[global]`. Where pip says nothing about indexes, uv's variables count.
 * @throws AppError USAGE for a file that cannot be read as INI.
 */
export async function readPipConfiguration({ env, home }: PipPlaces): Promise<PipConfiguration> {
  const bySection = new Map<string, Map<string, PipSetting>>(sections.map((section) => [section, new Map()]));
  for (const path of await configurationFiles(env, home)) {
    const text = await readTextIfExists(path);
    if (text !== undefined) readFile(path, text, bySection);
  }
  const settings = new Map<string, PipSetting>();
  for (const section of bySection.values()) {
    for (const setting of section.values()) if (setting.value !== '') settings.set(setting.name, setting);
  }
  addVariables(settings, env);
  addUvVariables(settings, env);
  return interpret(settings);
}

function interpret(settings: ReadonlyMap<string, PipSetting>): PipConfiguration {
  const text = (name: string): string | undefined => settings.get(name)?.value.trim() || undefined;
  const list = (name: string): string[] => text(name)?.split(/\s+/) ?? [];
  const flag = (name: string): boolean => !no.has((text(name) ?? '').toLowerCase());
  const retries = text('retries') ?? '';
  return {
    indexUrl: text('index-url'),
    extraIndexUrls: list('extra-index-url'),
    findLinks: list('find-links'),
    noIndex: flag('no-index'),
    trustedHosts: list('trusted-host'),
    pre: flag('pre'),
    preferBinary: flag('prefer-binary'),
    requireHashes: flag('require-hashes'),
    noBinary: list('no-binary'),
    onlyBinary: list('only-binary'),
    constraints: list('constraint'),
    certificates: text('cert'),
    clientCertificate: text('client-cert'),
    proxy: text('proxy'),
    retries: /^\d+$/.test(retries) ? Number(retries) : undefined,
    keyring: ['subprocess', 'import', 'auto'].includes(text('keyring-provider') ?? '') ? 'subprocess' : 'disabled',
    settings: [...settings.values()],
  };
}

/** In the order in which they are read. A PIP_CONFIG_FILE that exists replaces the user's own; `/dev/null` replaces all. */
async function configurationFiles(env: PipPlaces['env'], home: string): Promise<string[]> {
  const named = env.PIP_CONFIG_FILE;
  if (named === '/dev/null') return [];
  const isMac = currentPlatform()?.startsWith('osx') === true;
  const macFolder = join(home, 'Library', 'Application Support', 'pip');
  const folders = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(':').filter((folder) => folder !== '');
  const machine = isMac
    ? ['/Library/Application Support/pip/pip.conf']
    : [...folders.map((folder) => join(folder, 'pip', 'pip.conf')), '/etc/pip.conf'];
  const own =
    isMac && (await isFolder(macFolder))
      ? macFolder
      : join((isMac ? undefined : env.XDG_CONFIG_HOME) || join(home, '.config'), 'pip');
  const user = [join(home, '.pip', 'pip.conf'), join(own, 'pip.conf')];
  return [
    ...machine,
    ...(named && (await pathExists(named)) ? [] : user),
    ...(env.VIRTUAL_ENV ? [join(env.VIRTUAL_ENV, 'pip.conf')] : []),
    ...(named ? [named] : []),
  ];
}

function readFile(path: string, text: string, bySection: ReadonlyMap<string, Map<string, PipSetting>>): void {
  const ini = parsePythonIni(text);
  if (ini === undefined) {
    throw new AppError(
      'USAGE',
      `pip’s configuration \`${path}\` cannot be read: a line is neither \`[section]\` nor \`name = value\``,
      { hint: '`pip config list` says what pip makes of it.' },
    );
  }
  for (const [section, settings] of bySection) {
    for (const [written, value] of ini.get(section) ?? []) {
      const name = normalise(written);
      settings.set(name, { name, value, origin: path });
    }
  }
}

function addVariables(settings: Map<string, PipSetting>, env: PipPlaces['env']): void {
  for (const [variable, value] of Object.entries(env)) {
    const name = /^PIP_(.+)$/.exec(variable)?.[1];
    if (name === undefined || !value || ['VERSION', 'HELP', 'CONFIG_FILE'].includes(name)) continue;
    settings.set(normalise(name), { name: normalise(name), value, origin: variable });
  }
}

function normalise(name: string): string {
  return name.toLowerCase().replaceAll('_', '-').replace(/^--/, '');
}

/** uv's own names for indexes, for those who configured only uv. */
function addUvVariables(settings: Map<string, PipSetting>, env: PipPlaces['env']): void {
  const add = (name: string, variable: string, value = env[variable]): void => {
    if (value && !settings.has(name)) settings.set(name, { name, value, origin: variable });
  };
  add('index-url', 'UV_DEFAULT_INDEX');
  add('index-url', 'UV_INDEX_URL');
  add('extra-index-url', 'UV_INDEX', env.UV_INDEX?.replaceAll(/(^|\s)[A-Za-z0-9._-]+=(?=[a-z]+:)/g, '$1'));
  add('extra-index-url', 'UV_EXTRA_INDEX_URL');
  add('find-links', 'UV_FIND_LINKS', env.UV_FIND_LINKS?.replaceAll(',', ' '));
}
