import type { Dispatcher } from 'undici';
import { AppError, isAppError, redact, stripUserInfo } from '../../errors/index.ts';
import { sleep } from '../clock.ts';
import { createDispatcher } from './dispatcher.ts';
import { type DownloadOptions, downloadFile } from './download.ts';
import { fileResponse } from './file-url.ts';
import { canceled, connectionError, statusError } from './http-errors.ts';
import { type Received, type ReceiveOptions, receiveFile } from './receive.ts';
import { retryDelay, transientStatuses } from './retry.ts';

export interface HttpResponse {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** The URL after redirects. */
  url: string;
  /** The whole body. @throws AppError UNREACHABLE if the connection breaks; HTTP_ERROR if a server sends more than `most` bytes. */
  bytes(most?: number): Promise<Buffer>;
  text(): Promise<string>;
  /** The body as it comes; errors are the connection's own. Abandoning it closes the connection. */
  stream(): AsyncIterable<Uint8Array>;
}

export interface GetOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface SendOptions extends GetOptions {
  method: string;
  body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Milliseconds until the headers of the answer have to be there, from the last byte sent; a minute if not given. */
  timeout?: number;
}

export interface Http {
  /** One request, once: no retries, no redirects, no credentials but those in `headers`; any status is an answer. @throws AppError UNREACHABLE, OFFLINE, CANCELED. */
  send: (url: string, options: SendOptions) => Promise<HttpResponse>;
  /** A 2xx answer. @throws AppError UNREACHABLE, HTTP_ERROR, UNAUTHORIZED, OFFLINE, CANCELED. */
  get: (url: string, options?: GetOptions) => Promise<HttpResponse>;
  /**
   * Downloads to `file`. What an earlier try left at `<file>.part` is continued where the server allows it.
   * `file` appears only when it is complete and verified. @throws AppError DIGEST_MISMATCH, and those of `get`.
   */
  download: (url: string, file: string, options?: DownloadOptions) => Promise<{ sha256: string; size: number }>;
  /**
   * The body as a file, whatever it is: what has to be verified is verified by whoever knows how. A connection that breaks is begun again.
   * @throws AppError as `get`.
   */
  receive: (url: string, file: string, options?: ReceiveOptions) => Promise<Received>;
  close: () => Promise<void>;
}

export interface HttpOptions {
  /** HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS and their like are read from here. */
  env: Record<string, string | undefined>;
  /** Every request but those to `file:` fails with OFFLINE. */
  offline?: boolean;
  /** The `Authorization` header for a URL that carries no user info of its own. */
  credentials?: (url: URL) => Promise<string | undefined>;
  /** A file with further certificate authorities, and hosts whose certificate isn't checked (`*` is all of them). */
  certificates?: string;
  trustedHosts?: readonly string[];
  proxy?: string;
  /** To one server at the same time; 16 if not given. */
  connections?: number;
  retries?: number;
  /** Hears of each server, once, that has been asked for something and has not answered for a while. */
  onWait?: (host: string) => void;
  /** Milliseconds that such a while has; ten seconds if not given. */
  patience?: number;
}

const maximumRedirects = 10;

export function createHttp(options: HttpOptions): Http {
  const { retries = 3, onWait, patience = 10_000 } = options;
  const slow = new Set<string>();
  let dispatcher: Promise<Dispatcher> | undefined;

  const whileWaiting = async <T>(host: string, work: () => Promise<T>): Promise<T> => {
    const timer = setTimeout(() => {
      if (!slow.has(host)) onWait?.(host);
      slow.add(host);
    }, patience);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  };

  const request = async (url: URL, what: Partial<SendOptions>): Promise<Dispatcher.ResponseData> => {
    dispatcher ??= createDispatcher(options);
    const { request: send } = await import('./undici.ts');
    const bare = new URL(url);
    bare.username = '';
    bare.password = '';
    bare.hash = '';
    const wanted = {
      dispatcher: await dispatcher,
      method: what.method as Dispatcher.HttpMethod | undefined,
      headers: what.headers,
      body: what.body as Dispatcher.DispatchOptions['body'],
      signal: what.signal,
      headersTimeout: what.timeout ?? 60_000,
      bodyTimeout: 60_000,
    };
    // What is sent takes its time by itself.
    return what.body === undefined
      ? await whileWaiting(url.host, async () => await send(bare, wanted))
      : await send(bare, wanted);
  };

  const follow = async (start: string, { headers = {}, signal }: GetOptions): Promise<HttpResponse> => {
    let url = parseUrl(start);
    const { authorization: given, ...others } = headers;
    let authorization = given ?? (await authorizationFor(url, options));
    for (let redirects = 0; ; redirects += 1) {
      const sent = {
        'user-agent': 'terroir',
        ...others,
        ...(authorization === undefined ? {} : { authorization }),
      };
      const response = await request(url, { headers: sent, signal });
      const location = headerText(response.headers.location);
      if (response.statusCode < 300 || response.statusCode > 399 || location === undefined) {
        return toResponse(response, url, options.env);
      }
      await response.body.dump();
      if (redirects === maximumRedirects) {
        throw new AppError('HTTP_ERROR', `\`${stripUserInfo(start)}\` redirects in a circle`);
      }
      const next = parseUrl(new URL(location, url).href);
      // What is meant for one server is not told to another.
      if (next.origin !== url.origin) authorization = await authorizationFor(next, options);
      url = next;
    }
  };

  const get = async (url: string, getOptions: GetOptions = {}): Promise<HttpResponse> => {
    if (url.startsWith('file:')) return await fileResponse(url);
    refuseOffline(url, options);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const response = await follow(url, getOptions);
        if (response.status < 400) return response;
        if (attempt >= retries || !transientStatuses.has(response.status)) throw await statusError(url, response);
        await response.bytes().catch(() => undefined);
        await sleep(retryDelay(attempt, response.headers['retry-after']), getOptions.signal);
      } catch (error) {
        if (getOptions.signal?.aborted === true) throw canceled(url, getOptions.signal);
        if (isAppError(error)) throw error;
        if (attempt >= retries) throw connectionError(url, error, options.env);
        await sleep(retryDelay(attempt), getOptions.signal).catch(() => undefined);
      }
    }
  };

  const send = async (url: string, sendOptions: SendOptions): Promise<HttpResponse> => {
    refuseOffline(url, options);
    const target = parseUrl(url);
    try {
      const headers = { 'user-agent': 'terroir', ...sendOptions.headers };
      return toResponse(await request(target, { ...sendOptions, headers }), target, options.env);
    } catch (error) {
      if (sendOptions.signal?.aborted === true) throw canceled(url, sendOptions.signal);
      throw isAppError(error) ? error : connectionError(url, error, options.env);
    }
  };

  return {
    get,
    send,
    download: async (url, file, downloadOptions = {}) =>
      await downloadFile({ get, retries, env: options.env }, url, file, downloadOptions),
    receive: async (url, file, receiveOptions = {}) =>
      await receiveFile({ get, retries, env: options.env }, url, { ...receiveOptions, file }),
    close: async () => {
      // What nobody waits for any more (a body that was not read to its end) must not hold the process.
      const opened = await dispatcher?.catch(() => undefined);
      await opened?.destroy();
    },
  };
}

export type { DownloadOptions, Received, ReceiveOptions };

function refuseOffline(url: string, { offline }: HttpOptions): void {
  if (offline !== true) return;
  throw new AppError('OFFLINE', `\`${stripUserInfo(url)}\` is needed, and offline mode is on`, {
    hint: 'Run it once without --offline; after that it is on this machine.',
  });
}

async function authorizationFor(url: URL, { credentials }: HttpOptions): Promise<string | undefined> {
  if (url.username !== '' || url.password !== '') {
    const pair = `${decode(url.username)}:${decode(url.password)}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return await credentials?.(url);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A `%` that stands for itself.
    return text;
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new AppError('HTTP_ERROR', `\`${redact(text)}\` is no address that can be fetched`, {
    hint: 'Addresses begin with `https://`, `http://` or `file://`.',
  });
}

function toResponse(response: Dispatcher.ResponseData, url: URL, env: HttpOptions['env']): HttpResponse {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) headers[name.toLowerCase()] = headerText(value) ?? '';
  const { body } = response;
  const bytes = async (most = Number.POSITIVE_INFINITY): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > most) break;
        chunks.push(chunk);
      }
    } catch (error) {
      throw connectionError(url.href, error, env);
    }
    if (size > most) throw new AppError('HTTP_ERROR', `\`${redact(url.href)}\` has more than ${most} bytes`);
    return Buffer.concat(chunks);
  };
  return {
    status: response.statusCode,
    headers,
    url: stripUserInfo(url.href),
    bytes,
    text: async () => (await bytes()).toString('utf8'),
    stream: () => body,
  };
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
