import { AppError } from '../../errors/index.ts';

export interface HttpResponse {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** The URL after redirects. */
  url: string;
  /** The whole body, decompressed as `content-encoding` says. */
  bytes(): Promise<Buffer>;
  text(): Promise<string>;
  /** The body as it comes. Abandoning it closes the connection. */
  stream(): AsyncIterable<Uint8Array>;
}

export interface GetOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface DownloadOptions extends GetOptions {
  /** What the bytes must be; checked before the file gets its final name. */
  sha256?: string;
  size?: number;
  /** More bytes than this are refused at once. */
  maximumSize?: number;
  onProgress?: (done: number, total: number | undefined) => void;
}

export interface Http {
  /** @throws AppError UNREACHABLE, HTTP_ERROR, UNAUTHORIZED, OFFLINE, TIMEOUT, CANCELED. */
  get(url: string, options?: GetOptions): Promise<HttpResponse>;
  /**
   * Downloads to `file`. What an earlier try left at `<file>.part` is continued where the server allows it.
   * `file` appears only when it is complete and verified.
   * @throws AppError DIGEST_MISMATCH, and those of `get`.
   */
  download(url: string, file: string, options?: DownloadOptions): Promise<{ sha256: string; size: number }>;
  close(): Promise<void>;
}

export interface HttpOptions {
  /** HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS and their like are read from here. */
  env: Record<string, string | undefined>;
  /** Every request fails with OFFLINE. */
  offline?: boolean;
  /** The `Authorization` header for a URL that carries no user info of its own. */
  credentials?: (url: URL) => Promise<string | undefined>;
  retries?: number;
}

export function createHttp(_options: HttpOptions): Http {
  throw new AppError('INTERNAL', 'not written yet');
}
