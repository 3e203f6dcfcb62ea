import { availableParallelism, totalmem } from 'node:os';
import { reachChannel } from '../../channels/conda/index.ts';
import { AppError, isAppError } from '../../errors/index.ts';
import { currentPlatform, libcVersion, listInterpreters, pathExists, runProcess } from '../../io/index.ts';
import { formatCount } from '../../report/index.ts';
import type { App } from '../app.ts';
import { sharedRegistry } from '../images/shared-registry.ts';
import { channelsOf, openCondaChannel } from '../packages/conda-channel.ts';
import { findUv, openPypiChannel } from '../packages/pypi-channel.ts';
import { readPlatform } from '../platform.ts';
import { readSettings, settingsFile } from '../settings.ts';
import { isClaimed } from '../team/external-contents.ts';
import { checkEngines } from './doctor-engines.ts';

/** Milliseconds that a channel has to answer. */
const patience = 10_000;

export interface Diagnosis {
  state: 'ok' | 'warning' | 'problem';
  subject: string;
  message: string;
  /** What brings what is missing. */
  remedy?: string;
}

/** What works on this machine and what is missing. A workspace that is elsewhere is looked at by whoever knows it. */
export async function diagnose(app: App, checkElsewhere?: () => Promise<Diagnosis[]>): Promise<{ items: Diagnosis[] }> {
  const checks = [
    checkMachine,
    ...(checkElsewhere === undefined ? [checkWorkspace, checkSettings] : [checkElsewhere]),
    checkStore,
    checkPythons,
    checkUv,
    checkIndexes,
    checkChannels,
    checkEngines,
    checkGit,
  ];
  const items: Diagnosis[] = [];
  for (const check of checks) items.push(...(await check(app)));
  return { items };
}

async function checkMachine(app: App): Promise<Diagnosis[]> {
  const platform = currentPlatform();
  const facts = `${platform ?? 'unknown platform'}, ${libcVersion() === undefined ? 'no glibc' : `glibc ${libcVersion()}`}, ${availableParallelism()} cores, ${(totalmem() / 1e9).toFixed(0)} GB, Terroir ${app.version} on Node ${process.versions.node}`;
  if (platform === undefined)
    return [
      {
        state: 'problem',
        subject: 'machine',
        message: facts,
        remedy: 'Terroir runs on Linux and macOS, x86-64 and arm64.',
      },
    ];
  return [{ state: 'ok', subject: 'machine', message: facts }];
}

async function checkWorkspace(app: App): Promise<Diagnosis[]> {
  return await attempt('workspace', async () => {
    await app.openWorkspace();
    const registry = sharedRegistry(app);
    if (registry === undefined) return app.workspaceFolder;
    if (!app.offline && !(await isClaimed(await app.openRegistries(), registry)))
      throw new AppError('CORRUPT_STORE', `\`${registry}\` has lost the images and large contents that were there`, {
        hint: 'Restore the registry from its backup; the records of what it had are in the database.',
      });
    return `${app.workspaceFolder}, with its images and large contents in ${registry}`;
  });
}

async function checkSettings(app: App): Promise<Diagnosis[]> {
  return await attempt('settings', async () => {
    const { keepArchives, globalRegistry } = await readSettings(app);
    const path = settingsFile(app);
    const from = (await pathExists(path)) ? path : `no \`${path}\`: the defaults hold`;
    return `${from}; keep_archives: ${keepArchives}, global_registry: ${globalRegistry ?? 'none'}`;
  });
}

async function checkStore(app: App): Promise<Diagnosis[]> {
  return await attempt('store', async () => {
    const { archives, prefixes } = await app.store.describe();
    return `${app.storeFolder}: ${formatCount(archives.count, 'archive')}, ${prefixes.count} ${prefixes.count === 1 ? 'prefix' : 'prefixes'}`;
  });
}

async function checkPythons(app: App): Promise<Diagnosis[]> {
  const found = await listInterpreters(app.interpreters);
  if (found.length === 0)
    return [
      {
        state: 'problem',
        subject: 'python',
        message: 'none was found',
        remedy: 'Install one: `apt install python3`, pyenv, or `uv python install 3.12`.',
      },
    ];
  return [
    {
      state: 'ok',
      subject: 'python',
      message: found.map(({ version, executable }) => `${version} (${executable})`).join(', '),
    },
  ];
}

async function checkUv(app: App): Promise<Diagnosis[]> {
  try {
    const channel = await openPypiChannel(app);
    const { version, path, origin } = await findUv(app, channel, { lookOnly: true });
    return [{ state: 'ok', subject: 'uv', message: `${version} (${path}, from ${origin})` }];
  } catch (error) {
    if (isAppError(error, 'TOOL_NOT_FOUND'))
      return [{ state: 'warning', subject: 'uv', message: error.message, remedy: error.hint }];
    throw error;
  }
}

async function checkIndexes(app: App): Promise<Diagnosis[]> {
  const { pip, places, http } = await openPypiChannel(app);
  const origins = pip.settings.map(({ name, origin }) => `${name} from ${origin}`);
  const items: Diagnosis[] = [
    {
      state: 'ok',
      subject: 'pip configuration',
      message: origins.length === 0 ? 'none: the default index is used' : origins.join(', '),
    },
  ];
  for (const index of app.offline ? [] : places.indexes)
    items.push(
      ...(await attempt(
        `index ${index}`,
        async () => `answers (${(await http.get(`${index.replace(/\/+$/, '')}/pip/`)).status})`,
      )),
    );
  await http.close();
  return items;
}

/** Whether conda's default channel can be reached. No problem if not, because not everybody needs it. */
async function checkChannels(app: App): Promise<Diagnosis[]> {
  const channel = await openCondaChannel(app);
  try {
    const { settings } = channel.configuration;
    const origins = settings.map(({ name, origin }) => `${name} from ${origin}`);
    const configured = origins.length === 0 ? 'none: conda’s own defaults are used' : origins.join(', ');
    const items: Diagnosis[] = [{ state: 'ok', subject: 'conda configuration', message: configured }];
    if (app.offline) return items;
    const signal = AbortSignal.any([app.signal, AbortSignal.timeout(patience)]);
    for (const each of channelsOf(app, channel, { channels: [], platform: readPlatform(undefined) })) {
      const reach = async (): Promise<string> =>
        `answers at ${each.url} (${await reachChannel(each, channel.http, signal)})`;
      const found = await attempt(`channel ${each.name}`, reach);
      items.push(...found.map((item): Diagnosis => (item.state === 'ok' ? item : { ...item, state: 'warning' })));
    }
    return items;
  } finally {
    await channel.http.close();
  }
}

async function checkGit(app: App): Promise<Diagnosis[]> {
  try {
    const { stdout } = await runProcess('git', ['--version'], { env: app.env, timeout: 5000 });
    return [{ state: 'ok', subject: 'git', message: stdout.trim() }];
  } catch {
    return [
      {
        state: 'warning',
        subject: 'git',
        message: 'not found: runs are recorded without the state of their repository',
        remedy: '`apt install git`',
      },
    ];
  }
}

async function attempt(subject: string, work: () => Promise<string>): Promise<Diagnosis[]> {
  try {
    return [{ state: 'ok', subject, message: await work() }];
  } catch (error) {
    if (!isAppError(error)) throw error;
    return [{ state: 'problem', subject, message: error.message, remedy: error.hint }];
  }
}
