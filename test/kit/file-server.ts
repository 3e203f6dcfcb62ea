import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What a server answers for a path. */
export interface ServedFile {
  body: Buffer;
  type: string;
  /** SHA-256 in hex, if it is known. */
  digest?: string;
  cacheControl?: string;
}

export interface FileServerOptions {
  /** Basic authentication for everything. */
  login?: { user: string; password: string };
  /** Answers to `Range`. */
  ranges?: boolean;
  /** Milliseconds that each answer waits, by its path: what changes the order of answers. */
  delay?: (path: string) => number;
  tls?: { key: string; cert: string };
}

/** Something that goes wrong with the requests whose path contains `path`; `times` of them, or all. */
export type Fault = { path: string; times?: number } & (
  | { kind: 'drop'; after: number }
  | { kind: 'status'; status: number; headers?: Record<string, string> }
  | { kind: 'truncate'; after: number }
  | { kind: 'lengthen'; by: number }
  | { kind: 'login-page' }
  | { kind: 'slow'; bytesPerSecond: number }
);

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  status: number;
}

export interface FileServer {
  /** `http://127.0.0.1:PORT` */
  origin: string;
  /** With user and password in it. */
  originWithLogin: string;
  port: number;
  requests: SeenRequest[];
  /** Adds a fault; the answer takes it away. */
  break(fault: Fault): () => void;
  close(): Promise<void>;
}

type Find = (path: string, request: IncomingMessage) => Promise<ServedFile | undefined> | ServedFile | undefined;

/** Serves what `find` finds on a free loopback port: with ETags, ranges, a log of requests, and faults on demand. */
export async function startFileServer(find: Find, options: FileServerOptions = {}): Promise<FileServer> {
  const faults: (Fault & { left: number })[] = [];
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://index').pathname);
    const seen: SeenRequest = { method: request.method ?? '', path, headers: request.headers, status: 0 };
    requests.push(seen);
    response.on('close', () => {
      seen.status = response.statusCode;
    });
    answer({ request, response, path, options, fault: takeFault(faults, path) }, find).catch(() => response.destroy());
  };
  const server: Server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  const scheme = options.tls === undefined ? 'http' : 'https';
  const user =
    options.login === undefined
      ? ''
      : `${encodeURIComponent(options.login.user)}:${encodeURIComponent(options.login.password)}@`;
  return {
    origin: `${scheme}://127.0.0.1:${port}`,
    originWithLogin: `${scheme}://${user}127.0.0.1:${port}`,
    port,
    requests,
    break: (fault) => {
      const entry = { ...fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      faults.push(entry);
      return () => {
        faults.splice(faults.indexOf(entry), 1);
      };
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function takeFault(faults: (Fault & { left: number })[], path: string): Fault | undefined {
  const fault = faults.find((each) => each.left > 0 && path.includes(each.path));
  if (fault !== undefined) fault.left -= 1;
  return fault;
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  options: FileServerOptions;
  fault: Fault | undefined;
}

async function answer(exchange: Exchange, find: Find): Promise<void> {
  const { request, response, path, options, fault } = exchange;
  const wait = options.delay?.(path) ?? 0;
  if (wait > 0) await delay(wait);
  if (!isLoggedIn(request, options)) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="index"' }).end('login please');
    return;
  }
  if (fault?.kind === 'status') {
    response.writeHead(fault.status, fault.headers).end('fault');
    return;
  }
  if (fault?.kind === 'login-page') {
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!DOCTYPE html><html><body>Please sign in.</body></html>');
    return;
  }
  const file = await find(path, request);
  if (file === undefined) response.writeHead(404).end('not found');
  else await sendFile(exchange, file);
}

function isLoggedIn(request: IncomingMessage, { login }: FileServerOptions): boolean {
  if (login === undefined) return true;
  return request.headers.authorization === `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
}

async function sendFile({ request, response, options, fault }: Exchange, file: ServedFile): Promise<void> {
  const { body: content } = file;
  const etag = `"${(file.digest ?? createHash('sha256').update(content).digest('hex')).slice(0, 20)}"`;
  const common = {
    etag,
    'content-type': file.type,
    ...(file.cacheControl === undefined ? {} : { 'cache-control': file.cacheControl }),
  };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, common).end();
    return;
  }
  const range =
    options.ranges === false || (request.headers['if-range'] ?? etag) !== etag
      ? undefined
      : readRange(request.headers.range, content.length);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const body = range === undefined ? content : content.subarray(range.start, range.end + 1);
  const sent =
    fault?.kind === 'truncate'
      ? body.subarray(0, fault.after)
      : fault?.kind === 'lengthen'
        ? Buffer.concat([body, Buffer.alloc(fault.by)])
        : body;
  response.writeHead(range === undefined ? 200 : 206, {
    ...common,
    'content-length': sent.length,
    ...(options.ranges === false ? {} : { 'accept-ranges': 'bytes' }),
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${content.length}` }),
  });
  if (request.method === 'HEAD') response.end();
  else if (fault?.kind === 'drop') response.write(sent.subarray(0, fault.after), () => response.destroy());
  else if (fault?.kind === 'slow') await sendSlowly(response, sent, fault.bytesPerSecond);
  else response.end(sent);
}

async function sendSlowly(response: ServerResponse, body: Buffer, bytesPerSecond: number): Promise<void> {
  const step = Math.max(1, Math.floor(bytesPerSecond / 20));
  for (let at = 0; at < body.length && !response.destroyed; at += step) {
    response.write(body.subarray(at, at + step));
    await delay(50);
  }
  response.end();
}

function readRange(
  header: string | undefined,
  length: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') return { start: Math.max(0, length - Number(match[2])), end: length - 1 };
  const start = Number(match[1]);
  if (start >= length) return 'unsatisfiable';
  return { start, end: match[2] === '' ? length - 1 : Math.min(Number(match[2]), length - 1) };
}
