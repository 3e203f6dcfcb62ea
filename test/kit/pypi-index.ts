import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { inflateRawSync } from 'node:zlib';

/** What `makeWheel` and `makeSdist` answer. */
export interface Distribution {
  filename: string;
  bytes: Uint8Array;
}

/** How an index offers a file, where it is not as usual. */
export interface Offer {
  yanked?: string | true;
  /** Instead of what the wheel's METADATA says. */
  requiresPython?: string;
  /** The listing names a digest that is not the file's. */
  lyingDigest?: boolean;
}

export interface IndexOptions {
  /** What the simple pages are; JSON where the client asks for it by default. */
  format?: 'json' | 'html';
  /** PEP 658 metadata beside each wheel. */
  metadata?: boolean;
  digests?: boolean;
  sizes?: boolean;
  /** Basic authentication for everything. */
  login?: { user: string; password: string };
  /** Answers to `Range`. */
  ranges?: boolean;
  cacheControl?: string;
  /** Milliseconds that each answer waits, by its path: what changes the order of answers. */
  delay?: (path: string) => number;
  /** The newest file first, instead of in the order of publishing. */
  reversed?: boolean;
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

export interface PypiIndex {
  /** The address for `--index-url`. */
  url: string;
  /** With user and password in it. */
  urlWithLogin: string;
  /** A page with every file, for `--find-links`. */
  linksUrl: string;
  port: number;
  requests: SeenRequest[];
  fileUrl(filename: string): string;
  publish(distribution: Distribution, offer?: Offer): void;
  withdraw(filename: string): void;
  /** Adds a fault; the answer takes it away. */
  break(fault: Fault): () => void;
  close(): Promise<void>;
}

interface StoredFile extends Offer {
  filename: string;
  project: string;
  bytes: Buffer;
  sha256: string;
  metadata: Buffer | undefined;
  requiresPython: string | undefined;
}

/** A PyPI index on a free loopback port. */
export async function startPypiIndex(
  distributions: readonly Distribution[] = [],
  options: IndexOptions = {},
): Promise<PypiIndex> {
  const files = new Map<string, StoredFile>();
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
    answer({ request, response, path, files, options, fault: takeFault(faults, path) }).catch(() => response.destroy());
  };
  const server: Server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  const scheme = options.tls === undefined ? 'http' : 'https';
  const origin = `${scheme}://127.0.0.1:${port}`;
  const user =
    options.login === undefined
      ? ''
      : `${encodeURIComponent(options.login.user)}:${encodeURIComponent(options.login.password)}@`;
  const publish: PypiIndex['publish'] = (distribution, offer = {}) => {
    files.set(distribution.filename, store(distribution, offer));
  };
  for (const each of distributions) publish(each);
  return {
    url: `${origin}/simple`,
    urlWithLogin: `${scheme}://${user}127.0.0.1:${port}/simple`,
    linksUrl: `${origin}/links/`,
    port,
    requests,
    fileUrl: (filename) => `${origin}/files/${filename}`,
    publish,
    withdraw: (filename) => {
      files.delete(filename);
    },
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
  files: Map<string, StoredFile>;
  options: IndexOptions;
  fault: Fault | undefined;
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response, path, files, options, fault } = exchange;
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
  const project = /^\/simple\/([^/]+)\/?$/.exec(path)?.[1];
  const filename = /^\/files\/(.+)$/.exec(path)?.[1];
  if (project !== undefined) sendPage(exchange, project);
  else if (path === '/links/') sendLinks(exchange);
  else if (filename?.endsWith('.metadata') === true)
    await sendFile(exchange, files.get(filename.replace(/\.metadata$/, ''))?.metadata, 'text/plain');
  else if (filename !== undefined) await sendFile(exchange, files.get(filename)?.bytes, 'application/octet-stream');
  else response.writeHead(404).end('not found');
}

function isLoggedIn(request: IncomingMessage, { login }: IndexOptions): boolean {
  if (login === undefined) return true;
  return request.headers.authorization === `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
}

function sendPage(exchange: Exchange, project: string): void {
  const { request, response, files, options } = exchange;
  const offered = [...files.values()].filter((file) => file.project === project);
  if (options.reversed === true) offered.reverse();
  if (offered.length === 0) {
    response.writeHead(404).end('not found');
    return;
  }
  const wantsJson =
    options.format !== 'html' && (request.headers.accept ?? '').includes('application/vnd.pypi.simple.v1+json');
  const body = wantsJson ? jsonPage(project, offered, options) : htmlPage(offered, options);
  const etag = `"${digest(Buffer.from(body)).slice(0, 20)}"`;
  const headers = {
    etag,
    'cache-control': options.cacheControl ?? 'max-age=600',
    'content-type': wantsJson ? 'application/vnd.pypi.simple.v1+json' : 'text/html',
  };
  if (request.headers['if-none-match'] === etag) response.writeHead(304, headers).end();
  else response.writeHead(200, headers).end(body);
}

function jsonPage(name: string, files: readonly StoredFile[], options: IndexOptions): string {
  const items = files.map((file) => ({
    filename: file.filename,
    url: `../../files/${file.filename}`,
    hashes: options.digests === false ? {} : { sha256: shownDigest(file) },
    ...(options.sizes === false ? {} : { size: file.bytes.length }),
    ...(file.requiresPython === undefined ? {} : { 'requires-python': file.requiresPython }),
    ...(file.yanked === undefined ? {} : { yanked: file.yanked }),
    ...(options.metadata === false || file.metadata === undefined
      ? {}
      : { 'core-metadata': { sha256: digest(file.metadata) } }),
  }));
  return JSON.stringify({ meta: { 'api-version': '1.1' }, name, files: items });
}

function htmlPage(files: readonly StoredFile[], options: IndexOptions): string {
  const links = files.map((file) => {
    const attributes = [
      `href="../../files/${file.filename}${options.digests === false ? '' : `#sha256=${shownDigest(file)}`}"`,
      ...(file.requiresPython === undefined
        ? []
        : [`data-requires-python="${file.requiresPython.replaceAll('<', '&lt;').replaceAll('>', '&gt;')}"`]),
      ...(file.yanked === undefined ? [] : [`data-yanked="${file.yanked === true ? '' : file.yanked}"`]),
      ...(options.metadata === false || file.metadata === undefined
        ? []
        : [`data-core-metadata="sha256=${digest(file.metadata)}"`]),
    ];
    return `<a ${attributes.join(' ')}>${file.filename}</a><br>`;
  });
  return `<!DOCTYPE html><html><body>\n${links.join('\n')}\n</body></html>`;
}

function sendLinks({ response, files, options }: Exchange): void {
  const links = [...files.values()].map(
    (file) =>
      `<a href="../files/${file.filename}${options.digests === false ? '' : `#sha256=${shownDigest(file)}`}">${file.filename}</a>`,
  );
  response.writeHead(200, { 'content-type': 'text/html' }).end(`<html><body>${links.join('\n')}</body></html>`);
}

async function sendFile(exchange: Exchange, content: Buffer | undefined, type: string): Promise<void> {
  const { request, response, options, fault } = exchange;
  if (content === undefined) {
    response.writeHead(404).end('not found');
    return;
  }
  const etag = `"${digest(content).slice(0, 20)}"`;
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
    etag,
    'content-type': type,
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

function store({ filename, bytes }: Distribution, offer: Offer): StoredFile {
  const content = Buffer.from(bytes);
  const metadata = filename.endsWith('.whl') ? wheelMetadata(content) : undefined;
  const requiresPython = /^Requires-Python:\s*(.+)$/m.exec(metadata?.toString('utf8') ?? '')?.[1]?.trim();
  return {
    requiresPython,
    ...offer,
    filename,
    project: projectOf(filename),
    bytes: content,
    sha256: digest(content),
    metadata,
  };
}

function projectOf(filename: string): string {
  const name = filename.endsWith('.whl') ? (filename.split('-')[0] ?? '') : filename.replace(/-[^-]*$/, '');
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

function shownDigest(file: StoredFile): string {
  return file.lyingDigest === true ? digest(Buffer.from(`not ${file.filename}`)) : file.sha256;
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The METADATA member, found through the central directory. Undefined for bytes that are no wheel. */
function wheelMetadata(zip: Buffer): Buffer | undefined {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end === -1) return undefined;
  let at = zip.readUInt32LE(end + 16);
  for (let count = zip.readUInt16LE(end + 10); count > 0; count -= 1) {
    const [size, name, extra, comment] = [
      zip.readUInt32LE(at + 20),
      zip.readUInt16LE(at + 28),
      zip.readUInt16LE(at + 30),
      zip.readUInt16LE(at + 32),
    ];
    if (/^[^/]+\.dist-info\/METADATA$/.test(zip.toString('utf8', at + 46, at + 46 + name))) {
      const local = zip.readUInt32LE(at + 42);
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const content = zip.subarray(start, start + size);
      return zip.readUInt16LE(at + 10) === 0 ? content : inflateRawSync(content);
    }
    at += 46 + name + extra + comment;
  }
  return undefined;
}
