import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { type App, openApp } from '../../src/app/index.ts';
import { silent } from '../../src/report/index.ts';
import { type Role, roles } from '../../src/schema/index.ts';
import type { TlsFiles } from '../../src/server/create-server.ts';
import { type Limits, type LoginSettings, type RunningServer, startServer } from '../../src/server/index.ts';
import { uvForTests } from './uv.ts';

export interface TestAnswer {
  status: number;
  headers: Headers;
  text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it as they like
  body: any;
}

export interface TestRequest {
  token?: string;
  body?: unknown;
  /** As it is, instead of `body`. */
  raw?: string | Uint8Array;
  headers?: Record<string, string>;
}

/** A real server on a free port, with a workspace of its own. */
export interface TestServer {
  url: string;
  app: App;
  server: RunningServer;
  /** A token of each role, if there are tokens. */
  tokens: Record<Role, string>;
  /** The lines of its log. */
  log: string[];
  /** `POST /api/v1/runs`; the path may have its own prefix. */
  call(what: string, request?: TestRequest): Promise<TestAnswer>;
  close(): Promise<void>;
}

export interface TestServerOptions {
  limits?: Partial<Limits>;
  withTokens?: boolean;
  env?: Record<string, string>;
  tls?: TlsFiles;
  login?: LoginSettings;
  port?: number;
  /** Keep the folder of another one. */
  folder?: string;
  workspace?: string;
}

export async function createTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'terroir-server-')));
  const app = await openApp({
    cwd: folder,
    env: {
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: join(folder, 'home'),
      LANG: 'C.UTF-8',
      TERROIR_HOME: join(folder, 'store'),
      TERROIR_UV: (await uvForTests()).path,
      PIP_CONFIG_FILE: '/dev/null',
      ...options.env,
    },
    home: join(folder, 'home'),
    user: 'ada',
    origin: 'a test',
    workspace: options.workspace ?? join(folder, 'workspace'),
    offline: false,
    emit: silent,
    signal: new AbortController().signal,
    version: '0.0.0',
  });
  const tokens = { reader: '', contributor: '', admin: '' };
  if (options.withTokens === true) {
    const workspace = await app.openWorkspace();
    for (const role of roles) tokens[role] = (await workspace.tokens.create({ user: `a ${role}`, role })).text;
  }
  const log: string[] = [];
  const server = await startServer(app, {
    host: '127.0.0.1',
    port: options.port ?? 0,
    limits: options.limits,
    tls: options.tls,
    login: options.login,
    log: { write: (line) => void log.push(line) },
    logLevel: 'info',
  });
  return {
    url: server.url,
    app,
    server,
    tokens,
    log,
    call: async (what, request = {}) => await call(server.url, what, request),
    close: async () => {
      await server.close();
      await app.close();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function call(url: string, what: string, { token, body, raw, headers }: TestRequest): Promise<TestAnswer> {
  const [method = 'GET', path = '/'] = what.split(' ');
  const answer = await fetch(new URL(path, url), {
    method,
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? (raw as string | undefined) : JSON.stringify(body),
  });
  const text = await answer.text();
  const isJson = /(?:\/|\+)json$/.test(answer.headers.get('content-type')?.split(';')[0] ?? '');
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}
