import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { inflateRawSync } from 'node:zlib';
import { type FileServer, type FileServerOptions, type ServedFile, startFileServer } from './file-server.ts';

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

export interface IndexOptions extends FileServerOptions {
  /** What the simple pages are; JSON where the client asks for it by default. */
  format?: 'json' | 'html';
  /** PEP 658 metadata beside each wheel. */
  metadata?: boolean;
  digests?: boolean;
  sizes?: boolean;
  cacheControl?: string;
  /** The newest file first, instead of in the order of publishing. */
  reversed?: boolean;
}

export interface PypiIndex extends Pick<FileServer, 'port' | 'requests' | 'break' | 'close'> {
  /** The address for `--index-url`. */
  url: string;
  /** With user and password in it. */
  urlWithLogin: string;
  /** A page with every file, for `--find-links`. */
  linksUrl: string;
  fileUrl(filename: string): string;
  publish(distribution: Distribution, offer?: Offer): void;
  withdraw(filename: string): void;
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
  const server = await startFileServer((path, request) => find({ path, request, files, options }), options);
  const publish: PypiIndex['publish'] = (distribution, offer = {}) => {
    files.set(distribution.filename, store(distribution, offer));
  };
  for (const each of distributions) publish(each);
  const { origin, originWithLogin, port, requests, close } = server;
  return {
    url: `${origin}/simple`,
    urlWithLogin: `${originWithLogin}/simple`,
    linksUrl: `${origin}/links/`,
    port,
    requests,
    fileUrl: (filename) => `${origin}/files/${filename}`,
    publish,
    withdraw: (filename) => {
      files.delete(filename);
    },
    break: server.break,
    close,
  };
}

interface Question {
  request: IncomingMessage;
  path: string;
  files: ReadonlyMap<string, StoredFile>;
  options: IndexOptions;
}

function find(question: Question): ServedFile | undefined {
  const { path, files, options } = question;
  const project = /^\/simple\/([^/]+)\/?$/.exec(path)?.[1];
  const filename = /^\/files\/(.+)$/.exec(path)?.[1];
  if (project !== undefined) return findPage(question, project);
  if (path === '/links/') return { body: Buffer.from(linksPage([...files.values()], options)), type: 'text/html' };
  if (filename === undefined) return undefined;
  if (filename.endsWith('.metadata')) {
    const body = files.get(filename.replace(/\.metadata$/, ''))?.metadata;
    return body === undefined ? undefined : { body, type: 'text/plain' };
  }
  const file = files.get(filename);
  return file === undefined ? undefined : { body: file.bytes, digest: file.sha256, type: 'application/octet-stream' };
}

function findPage({ request, files, options }: Question, project: string): ServedFile | undefined {
  const offered = [...files.values()].filter((file) => file.project === project);
  if (options.reversed === true) offered.reverse();
  if (offered.length === 0) return undefined;
  const wantsJson =
    options.format !== 'html' && (request.headers.accept ?? '').includes('application/vnd.pypi.simple.v1+json');
  return {
    body: Buffer.from(wantsJson ? jsonPage(project, offered, options) : htmlPage(offered, options)),
    type: wantsJson ? 'application/vnd.pypi.simple.v1+json' : 'text/html',
    cacheControl: options.cacheControl ?? 'max-age=600',
  };
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

function linksPage(files: readonly StoredFile[], options: IndexOptions): string {
  const links = files.map(
    (file) =>
      `<a href="../files/${file.filename}${options.digests === false ? '' : `#sha256=${shownDigest(file)}`}">${file.filename}</a>`,
  );
  return `<html><body>${links.join('\n')}</body></html>`;
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
