import { homedir, hostname, userInfo } from 'node:os';
import { type App, openApp } from '../app/index.ts';
import { createStyle, type Renderer } from '../report/render/index.ts';
import { catalogFolder } from './catalog-folder.ts';
import type { CommandContext, OptionValues } from './command.ts';
import { version } from './version.ts';

export interface ContextParts {
  options: OptionValues;
  renderer: Renderer;
  signal: AbortSignal;
}

/** The context of one call; `close` lets go of what was opened. */
export function createContext(parts: ContextParts): CommandContext & { close(): Promise<void> } {
  const { options, renderer, signal } = parts;
  const env = { ...process.env };
  let opened: Promise<App> | undefined;
  return {
    app: () => {
      opened ??= openApp({
        cwd: process.cwd(),
        env,
        home: homedir(),
        user: userName(env),
        origin: `command line on ${hostname()}`,
        workspace: options.text('workspace'),
        offline: options.flag('offline') || isSet(env.TERROIR_OFFLINE),
        emit: (event) => renderer.handle(event),
        signal,
        catalogFolder: catalogFolder(env.TERROIR_CATALOG),
        version,
      });
      return opened;
    },
    style: createStyle(!env.NO_COLOR && process.stdout.isTTY),
    renderer,
    json: options.flag('json'),
    quiet: options.flag('quiet'),
    interactive: process.stdin.isTTY && process.stderr.isTTY,
    cwd: process.cwd(),
    env,
    signal,
    close: async () => {
      const app = await opened?.catch(() => undefined);
      await app?.close();
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
