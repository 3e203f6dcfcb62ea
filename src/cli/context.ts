import { homedir, hostname, userInfo } from 'node:os';
import { type App, openApp } from '../app/index.ts';
import { isServerUrl, type Server } from '../client/index.ts';
import { AppError } from '../errors/index.ts';
import { createStyle, type Renderer } from '../report/render/index.ts';
import { catalogFolder } from './catalog-folder.ts';
import type { CommandContext, OptionValues } from './command.ts';
import { version } from './version.ts';

export interface ContextParts {
  /** The command's. */
  name: string;
  options: OptionValues;
  renderer: Renderer;
  signal: AbortSignal;
}

/** @throws AppError FILE_NOT_FOUND where somebody removed the folder that the shell is in. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new AppError('FILE_NOT_FOUND', 'the current folder does not exist any more', {
      hint: 'Go to another one (`cd`), and repeat the command.',
      cause: error,
    });
  }
}

/** The context of one call; `close` lets go of what was opened. */
export function createContext(parts: ContextParts): CommandContext & { close(): Promise<void> } {
  const { options, renderer, signal } = parts;
  const env = { ...process.env };
  const named = options.text('workspace');
  const place = named ?? env.TERROIR_WORKSPACE ?? '';
  const url = isServerUrl(place) ? place : undefined;
  const common = {
    cwd: currentFolder(),
    env,
    offline: options.flag('offline') || isSet(env.TERROIR_OFFLINE),
    emit: renderer.handle,
    signal,
    version,
  };
  const token = env.TERROIR_TOKEN || undefined;
  let opened: Promise<App> | undefined;
  let server: Promise<Server> | undefined;
  const others: Server[] = [];
  /** The workspace of the folder; for a server, the small one on this machine that has what was brought from there. */
  const machine = async (): Promise<App> => {
    opened ??= openMachine();
    return await opened;
  };
  const openMachine = async (): Promise<App> => {
    const options = { ...common, home: homedir(), user: userName(env), origin: `command line on ${hostname()}` };
    if (url === undefined)
      return await openApp({ ...options, workspace: named, catalogFolder: catalogFolder(env.TERROIR_CATALOG) });
    const { mirrorPlace } = await import('../client/index.ts');
    return await openApp({ ...options, ...mirrorPlace(url, { env, home: options.home, token }) });
  };
  const connect = async (address: string): Promise<Server> => {
    server ??= import('../client/index.ts').then(({ openServer }) => openServer(address, { ...common, token }));
    return await server;
  };
  return {
    on: async (sides) => await (url === undefined ? sides.folder(await machine()) : sides.server(await connect(url))),
    here: async (word, { lock = true } = {}) => {
      const app = await machine();
      // Offline, what was brought before has to do.
      if (url === undefined || common.offline) return { app, reference: word };
      return { app, reference: await (await connect(url)).mirrorVersion(app, word, { lock }) };
    },
    other: async (address) => {
      const { openServer } = await import('../client/index.ts');
      const tokenVariable = 'TERROIR_SHARE_TOKEN';
      const opened = openServer(address, { ...common, token: env[tokenVariable] || undefined, tokenVariable });
      others.push(opened);
      return opened;
    },
    machine,
    app: async () => {
      if (url === undefined) return await machine();
      throw new AppError(
        'USAGE',
        `\`terroir ${parts.name}\` works on the folder of a workspace, and ${url} is a server`,
        {
          hint: 'Run it on the server’s machine, or name a folder with --workspace.',
        },
      );
    },
    style: createStyle(!env.NO_COLOR && process.stdout.isTTY),
    renderer,
    json: options.flag('json'),
    quiet: options.flag('quiet'),
    interactive: process.stdin.isTTY && process.stderr.isTTY,
    cwd: common.cwd,
    env,
    signal,
    close: async () => {
      const app = await opened?.catch(() => undefined);
      await app?.close();
      await (await server)?.close();
      for (const other of others) await other.close();
    },
  };
}

function userName(env: Record<string, string | undefined>): string {
  if (env.TERROIR_USER) return env.TERROIR_USER;
  try {
    return userInfo().username;
  } catch {
    return env.USER ?? 'unknown';
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value.toLowerCase() !== 'false';
}
