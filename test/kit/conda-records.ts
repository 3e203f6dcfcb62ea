import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { writeBzip2 } from './bzip2.ts';
import { writeZip } from './zip.ts';

/** A record of repodata, as a channel has it, and whatever a test wants to lie about. */
export interface CondaRecord {
  name: string;
  version: string;
  build?: string;
  build_number?: number;
  depends?: string[];
  constrains?: string[];
  subdir?: string;
  sha256?: string;
  md5?: string;
  size?: number;
  noarch?: string;
  [key: string]: unknown;
}

export interface MadePackage {
  subdir: string;
  filename: string;
  record: Record<string, unknown>;
  bytes: Buffer | undefined;
}

/** A record whose archive nobody will ask for. */
export function condaRecord(
  name: string,
  version: string,
  { extension = 'conda', ...more }: Partial<CondaRecord> & { extension?: 'conda' | 'tar.bz2' } = {},
): MadePackage {
  const build = more.build ?? '0';
  const subdir = more.subdir ?? 'noarch';
  const filename = `${name}-${version}-${build}.${extension}`;
  const record = {
    name,
    version,
    build,
    build_number: 0,
    depends: [],
    sha256: createHash('sha256').update(`${subdir}/${filename}`).digest('hex'),
    md5: createHash('md5').update(`${subdir}/${filename}`).digest('hex'),
    size: 1000,
    subdir,
    ...more,
  };
  return { subdir, filename, record, bytes: undefined };
}

/** A small real `.conda` archive with these files, and its record. */
export async function condaPackage(
  name: string,
  version: string,
  { files = {}, ...more }: Partial<CondaRecord> & { files?: Readonly<Record<string, string>> } = {},
): Promise<MadePackage> {
  const made = condaRecord(name, version, more);
  const paths = Object.entries(files).map(([path, content]) => ({
    _path: path,
    path_type: 'hardlink',
    sha256: createHash('sha256').update(content).digest('hex'),
    size_in_bytes: Buffer.byteLength(content),
  }));
  const stem = made.filename.replace(/\.conda$/, '');
  const info = {
    'info/index.json': JSON.stringify({ ...made.record, sha256: undefined, md5: undefined, size: undefined }),
    'info/paths.json': JSON.stringify({ paths, paths_version: 1 }),
  };
  const bytes = writeZip([
    { name: 'metadata.json', content: Buffer.from('{"conda_pkg_format_version": 2}'), stored: true },
    { name: `pkg-${stem}.tar.zst`, content: zstdCompressSync(await tar(files)), stored: true },
    { name: `info-${stem}.tar.zst`, content: zstdCompressSync(await tar(info)), stored: true },
  ]);
  const digests = {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    md5: createHash('md5').update(bytes).digest('hex'),
    size: bytes.length,
  };
  return { ...made, record: { ...made.record, ...digests, ...more }, bytes };
}

/** The files that make pip find a distribution. */
export function distribution(name: string, version: string, python = '3.11'): Record<string, string> {
  return {
    [`lib/python${python}/site-packages/${name}/__init__.py`]: `__version__ = "${version}"\n`,
    [`lib/python${python}/site-packages/${name}-${version}.dist-info/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
  };
}

async function tar(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export type Form = 'json' | 'zst' | 'bz2' | 'shards';

export interface ChannelOptions {
  /** In which forms it offers its records. */
  forms?: readonly Form[];
  /** Folders that it has. */
  subdirs?: readonly string[];
  info?: Record<string, unknown>;
  removed?: readonly string[];
}

interface Folder extends Required<Pick<ChannelOptions, 'forms' | 'subdirs' | 'removed'>> {
  info: Record<string, unknown>;
  packages: MadePackage[];
}

/** What goes wrong with the requests whose path ends with `path`. */
export type ChannelFault = { path: string; times?: number } & (
  | { kind: 'status'; status: number }
  | { kind: 'page' }
  | { kind: 'body'; body: string | Buffer }
  | { kind: 'reset'; after: number }
  | { kind: 'hang' }
);

export interface SeenRequest {
  path: string;
  status: number;
  headers: IncomingMessage['headers'];
}

/** A server of conda channels on a free loopback port. */
export interface CondaServer {
  /** The address below which the channels are. */
  url: string;
  port: number;
  requests: SeenRequest[];
  /** Makes a channel, or replaces it. */
  channel(name: string, packages: readonly MadePackage[], options?: ChannelOptions): void;
  break(fault: ChannelFault): () => void;
  /** Everybody must send this. */
  demand(authorization: string | undefined): void;
  headers: Record<string, string>;
  close(): Promise<void>;
}

export async function startCondaServer(): Promise<CondaServer> {
  const channels = new Map<string, Folder>();
  const faults: (ChannelFault & { left: number })[] = [];
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let demanded: string | undefined;
  const extra: Record<string, string> = {};
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://channel').pathname);
    const seen = { path, status: 0, headers: request.headers };
    requests.push(seen);
    response.on('close', () => {
      seen.status = response.statusCode;
    });
    const fault = faults.find((each) => path.endsWith(each.path) && each.left > 0);
    if (fault !== undefined) {
      fault.left -= 1;
      spoil(response, fault);
      return;
    }
    if (demanded !== undefined && request.headers.authorization !== demanded) {
      response.writeHead(401).end();
      return;
    }
    serve(request, response, { body: bodyOf(path, channels), extra });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    headers: extra,
    channel: (name, packages, options = {}) => {
      const { forms = ['json'], subdirs = ['linux-64', 'noarch'], info = {}, removed = [] } = options;
      channels.set(name, { packages: [...packages], forms, subdirs, info, removed });
    },
    break: (fault) => {
      const added = { ...fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      faults.push(added);
      return () => faults.splice(faults.indexOf(added), 1);
    },
    demand: (authorization) => {
      demanded = authorization;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function spoil(response: ServerResponse, fault: ChannelFault): void {
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status).end();
      break;
    case 'page':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><html>Please log in</html>');
      break;
    case 'body':
      response.writeHead(200).end(fault.body);
      break;
    case 'reset':
      response.writeHead(200, { 'content-length': '100000' });
      response.write(Buffer.alloc(fault.after, 0x20), () => response.destroy());
      break;
    case 'hang':
      break;
  }
}

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { body, extra }: { body: Buffer | undefined; extra: Record<string, string> },
): void {
  if (body === undefined) {
    response.writeHead(404).end();
    return;
  }
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  if (range !== null) {
    const part = body.subarray(Number(range[1]), Number(range[2]) + 1);
    response.writeHead(206, { 'content-range': `bytes ${range[1]}-${range[2]}/${body.length}` }).end(part);
    return;
  }
  response.writeHead(200, { etag, 'content-length': body.length, ...extra }).end(body);
}

function bodyOf(path: string, channels: ReadonlyMap<string, Folder>): Buffer | undefined {
  for (const [name, folder] of channels) {
    if (!path.startsWith(`/${name}/`)) continue;
    const [subdir = '', ...rest] = path.slice(name.length + 2).split('/');
    if (!folder.subdirs.includes(subdir)) continue;
    const file = rest.join('/');
    const own = folder.packages.filter((each) => each.subdir === subdir);
    const found = repodataFile(file, subdir, folder, own) ?? own.find(({ filename }) => filename === file)?.bytes;
    if (found !== undefined) return found;
  }
  return undefined;
}

function repodataFile(file: string, subdir: string, folder: Folder, own: readonly MadePackage[]): Buffer | undefined {
  const { forms } = folder;
  if (file === 'repodata.json' && forms.includes('json')) return repodata(subdir, folder, own);
  if (file === 'repodata.json.zst' && forms.includes('zst')) return zstdCompressSync(repodata(subdir, folder, own));
  if (file === 'repodata.json.bz2' && forms.includes('bz2')) return writeBzip2(repodata(subdir, folder, own));
  if (!forms.includes('shards')) return undefined;
  const shards = new Map(
    [...Map.groupBy(own, ({ record }) => String(record.name))].map(([name, packages]) => {
      const bytes = zstdCompressSync(messagePack(shardOf(packages)));
      return [name, { bytes, digest: createHash('sha256').update(bytes).digest() }] as const;
    }),
  );
  if (file === 'repodata_shards.msgpack.zst') {
    const digests = Object.fromEntries([...shards].map(([name, { digest }]) => [name, digest]));
    const info = { base_url: '', shards_base_url: './shards/', subdir, ...folder.info };
    return zstdCompressSync(messagePack({ version: 1, info, shards: digests }));
  }
  return [...shards.values()].find(({ digest }) => file === `shards/${digest.toString('hex')}.msgpack.zst`)?.bytes;
}

function repodata(subdir: string, { info, removed }: Folder, own: readonly MadePackage[]): Buffer {
  return Buffer.from(JSON.stringify({ info: { subdir, ...info }, ...shardOf(own), removed, repodata_version: 1 }));
}

function shardOf(packages: readonly MadePackage[]): Record<string, Record<string, unknown>> {
  const entries = packages.map(({ filename, record }) => [filename, record] as const);
  return {
    packages: Object.fromEntries(entries.filter(([filename]) => filename.endsWith('.tar.bz2'))),
    'packages.conda': Object.fromEntries(entries.filter(([filename]) => !filename.endsWith('.tar.bz2'))),
  };
}

/** As much of MessagePack as shards need. Digests of records are bytes there. */
export function messagePack(value: unknown, key = ''): Buffer {
  if (value === null || value === undefined) return Buffer.from([0xc0]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes[0] = 0xcb;
    bytes.writeDoubleBE(value, 1);
    return Number.isInteger(value) && value >= 0 && value < 128 ? Buffer.from([value]) : bytes;
  }
  if (typeof value === 'string') {
    if (['sha256', 'md5'].includes(key) && /^[0-9a-f]+$/.test(value)) return messagePack(Buffer.from(value, 'hex'));
    const text = Buffer.from(value);
    return Buffer.concat([sized(0xdb, text.length), text]);
  }
  if (value instanceof Uint8Array) return Buffer.concat([sized(0xc6, value.length), value]);
  if (Array.isArray(value))
    return Buffer.concat([sized(0xdd, value.length), ...value.map((item) => messagePack(item))]);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Buffer.concat([
    sized(0xdf, entries.length),
    ...entries.flatMap(([name, item]) => [messagePack(name), messagePack(item, name)]),
  ]);
}

function sized(kind: number, size: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = kind;
  bytes.writeUInt32BE(size, 1);
  return bytes;
}
