import type { AddressInfo } from 'node:net';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { type App, endLostRuns, openWorkspaceRegistry, returnLostTasks, startWorker } from '../app/index.ts';
import { AppError } from '../errors/index.ts';
import { sleep } from '../io/index.ts';
import { allRoutes } from './all-routes.ts';
import { createAuthenticate, isLoopback } from './authenticate.ts';
import type { ServerContext } from './call-context.ts';
import { type CreateOptions, createHttpServer } from './create-server.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { createLogin } from './login/login.ts';
import type { LoginSettings } from './login/settings.ts';
import { createMetrics } from './metrics.ts';
import { mountRegistry } from './mount-registry.ts';
import { mountRoutes } from './mount-routes.ts';
import { createRateLimit } from './rate-limit.ts';
import type { StudioFiles } from './studio-files.ts';

export interface ServeOptions extends CreateOptions {
  host: string;
  /** 0 for any free one. */
  port: number;
  /** What clients of Azure call the workspace; `terroir` if not given. */
  workspaceName?: string;
  limits?: Partial<Limits>;
  /** Where people log in with a browser. */
  login?: LoginSettings;
  /** The web page; without it the front door leads to the docs. */
  studio?: Promise<StudioFiles>;
}

export interface RunningServer {
  /** Without a slash at the end. */
  url: string;
  /** Takes no more requests, lets those that are there end, and ends the runs. */
  close(): Promise<void>;
}

/** How often lost runs are looked for, in milliseconds. */
const orphanPoll = 10_000;

/**
 * Serves a workspace until it is closed. The App is not closed with it.
 * @throws AppError ADDRESS_IN_USE; PERMISSION_DENIED for another address than loopback before there is a token, or for a port below 1024.
 */
export async function startServer(app: App, options: ServeOptions): Promise<RunningServer> {
  const limits = { ...defaultLimits, ...options.limits };
  const workspace = await app.openWorkspace();
  const login =
    options.login === undefined
      ? undefined
      : createLogin(options.login, { secret: await workspace.secretKey(), env: app.env });
  if (login === undefined) await refuseOpenDoor(options.host, workspace.tokens);
  // Whoever asks for a page hears of it.
  options.studio?.catch(() => undefined);
  const stopping = new AbortController();
  const context: ServerContext = {
    app,
    workspace,
    workspaceName: options.workspaceName ?? 'terroir',
    authenticate: createAuthenticate(workspace, { localUser: app.user, login }),
    login,
    limits,
    metrics: createMetrics(app.version),
    rate: createRateLimit({ perSecond: limits.rate, burst: limits.burst }),
    failures: createRateLimit({ perSecond: limits.failures / 60, burst: limits.failures }),
    worker: undefined,
    studio: options.studio,
    stopping: stopping.signal,
  };
  const server = await createHttpServer(context, options);
  for (const group of allRoutes(context)) {
    await server.register((scope, _options, done) => {
      group.prepare?.(scope);
      mountRoutes(scope, context, group);
      done();
    });
  }
  const registry = await openWorkspaceRegistry(app);
  await server.register((scope, _options, done) => {
    mountRegistry(scope, context, registry);
    done();
  });
  await listen(server, options);
  lookForLostRuns(app, stopping.signal);
  context.worker =
    limits.runs === 0 ? undefined : await startWorker(logging(app, server.log), { parallel: limits.runs });
  const { port } = server.server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const url = `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}`;
  server.log.info({ url, workspace: app.workspaceFolder }, 'listening');
  return {
    url,
    close: async () => {
      server.log.info('stopping');
      stopping.abort(new AppError('CANCELED', 'the server stopped'));
      const grace = setTimeout(() => server.server.closeAllConnections(), limits.grace);
      await Promise.all([server.close(), context.worker?.stop()]);
      clearTimeout(grace);
      context.metrics.close();
    },
  };
}

/** Notes of the worker go into the server's log. */
function logging(app: App, log: FastifyBaseLogger): App {
  return {
    ...app,
    emit: (event) => {
      if (event.type === 'note') log[event.level === 'warning' ? 'warn' : 'info']({ hint: event.hint }, event.message);
    },
  };
}

async function refuseOpenDoor(
  host: string,
  tokens: { state(): Promise<{ made: boolean; holding: boolean }> },
): Promise<void> {
  if (host === 'localhost' || isLoopback(host) || (await tokens.state()).holding) return;
  throw new AppError('PERMISSION_DENIED', `the server would be open to everybody who reaches ${host}`, {
    hint: 'Make a token first: `terroir token create --user NAME --role admin`.',
  });
}

async function listen(server: FastifyInstance, { host, port }: ServeOptions): Promise<void> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new AppError('ADDRESS_IN_USE', `another program listens on port ${port} of ${host}`, {
        hint: 'End it, or choose another port: `--port N` (0 takes any that is free).',
        cause: error,
      });
    if (code === 'EACCES')
      throw new AppError('PERMISSION_DENIED', `the port ${port} may not be used`, {
        hint: 'Ports below 1024 want special rights; choose a higher one.',
        cause: error,
      });
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new AppError('USAGE', `${host} is no address of this machine`, {
        hint: '`--host 0.0.0.0` is every one that it has.',
        cause: error,
      });
    throw error;
  }
}

function lookForLostRuns(app: App, until: AbortSignal): void {
  const loop = async (): Promise<void> => {
    while (!until.aborted) {
      await endLostRuns(app).catch(() => undefined);
      await returnLostTasks(app).catch(() => undefined);
      await sleep(orphanPoll, until);
    }
  };
  loop().catch(() => undefined);
}
