import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, isAppError, stripUserInfo } from '../../errors/index.ts';
import { sleep } from '../clock.ts';
import { fsErrorToAppError, statIfExists } from '../files.ts';
import { writeStream } from '../write-stream.ts';
import type { GetOptions, HttpResponse } from './http.ts';
import { canceled, connectionError } from './http-errors.ts';

export interface DownloadOptions extends GetOptions {
  /** What the bytes must be; checked before the file gets its final name. */
  sha256?: string;
  size?: number;
  onProgress?: (done: number, total: number | undefined) => void;
}

export interface Client {
  get: (url: string, options?: GetOptions) => Promise<HttpResponse>;
  retries: number;
  env: Record<string, string | undefined>;
}

/** What has been written so far, with the hash over it. */
interface Partial {
  file: FileHandle;
  hash: Hash;
  size: number;
  /** Of the answer that it comes from, as far as this process knows. */
  etag: string | undefined;
  isPage: boolean;
}

/** How much is read at a time, of what an earlier try left. */
const readSize = 1 << 18;

/** See `Http.download`. */
export async function downloadFile(
  client: Client,
  url: string,
  target: string,
  options: DownloadOptions,
): Promise<{ sha256: string; size: number }> {
  const path = `${target}.part`;
  let partial: Partial | undefined;
  try {
    // Without a digest nobody could tell whether an earlier try got the same file.
    partial = await openPartial(path, options.sha256 !== undefined);
    const isContinued = partial.size > 0;
    await receiveAll(client, url, partial, options);
    let digest = partial.hash.digest('hex');
    if (isContinued && !isWanted(digest, partial.size, options)) {
      await restart(partial);
      await receiveAll(client, url, partial, options);
      digest = partial.hash.digest('hex');
    }
    if (!isWanted(digest, partial.size, options)) throw mismatch(url, digest, partial, options);
    await partial.file.close();
    await rename(path, target);
    return { sha256: digest, size: partial.size };
  } catch (error) {
    if (isAppError(error, 'DIGEST_MISMATCH')) await rm(path, { force: true });
    throw fsErrorToAppError(error, `write \`${target}\``);
  } finally {
    await partial?.file.close().catch(() => undefined);
  }
}

async function openPartial(path: string, resume: boolean): Promise<Partial> {
  await mkdir(dirname(path), { recursive: true });
  const hash = createHash('sha256');
  const size = resume ? ((await statIfExists(path))?.size ?? 0) : 0;
  if (size > 0) for await (const chunk of createReadStream(path, { highWaterMark: readSize })) hash.update(chunk);
  return { file: await open(path, size > 0 ? 'r+' : 'w'), hash, size, etag: undefined, isPage: false };
}

/** Receives to the end, going on after each break. Progress resets the count: a bad line over a long way is no reason to give up. */
async function receiveAll(client: Client, url: string, partial: Partial, options: DownloadOptions): Promise<void> {
  let failures = 0;
  for (;;) {
    const before = partial.size;
    try {
      await receive(client, url, partial, options);
      return;
    } catch (error) {
      if (options.signal?.aborted === true) throw canceled(url, options.signal);
      if (isAppError(error) || isDiskError(error)) throw error;
      failures = partial.size > before ? 1 : failures + 1;
      if (failures > client.retries) throw connectionError(url, error, client.env);
      await sleep(200 * 2 ** (failures - 1), options.signal).catch(() => undefined);
    }
  }
}

async function receive(client: Client, url: string, partial: Partial, options: DownloadOptions): Promise<void> {
  if (options.size !== undefined && partial.size >= options.size) {
    if (partial.size === options.size) return;
    await restart(partial);
  }
  const response = await ask(client, url, partial, options);
  const { 'content-length': length, etag, 'content-type': type = '' } = response.headers;
  // A weak tag does not promise the same bytes.
  partial.etag = etag?.startsWith('"') === true ? etag : undefined;
  partial.isPage = type.includes('text/html');
  const total = length === undefined || length === '' ? options.size : partial.size + Number(length);
  await store(response, partial, (done) => {
    if (options.size !== undefined && done > options.size) throw tooLong(url, options.size);
    options.onProgress?.(done, total);
  });
  // Another try does not make a file of a page.
  if (total !== undefined && partial.size < total && !partial.isPage) throw new Error('the body ended early');
}

/** The answer with what is still missing; `partial` is emptied if the server sends the whole. */
async function ask(client: Client, url: string, partial: Partial, options: DownloadOptions): Promise<HttpResponse> {
  const { signal } = options;
  const headers = { ...options.headers, 'accept-encoding': 'identity' };
  if (partial.size === 0) return await client.get(url, { headers, signal });
  const condition: Record<string, string> = partial.etag === undefined ? {} : { 'if-range': partial.etag };
  try {
    const response = await client.get(url, {
      headers: { ...headers, ...condition, range: `bytes=${partial.size}-` },
      signal,
    });
    if (response.status === 206 && startOf(response) === partial.size) return response;
    await restart(partial);
    if (response.status !== 206) return response;
  } catch (error) {
    // The file is another one by now, and shorter.
    if (!isAppError(error) || error.details?.status !== 416) throw error;
    await restart(partial);
  }
  return await client.get(url, { headers, signal });
}

function startOf({ headers }: HttpResponse): number | undefined {
  const start = /^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

/** Writes the body behind what is there. */
async function store(response: HttpResponse, partial: Partial, onPiece: (done: number) => void): Promise<void> {
  await writeStream(partial.file, response.stream(), {
    position: partial.size,
    onPiece: (piece) => {
      partial.hash.update(piece);
      partial.size += piece.length;
      onPiece(partial.size);
    },
  });
}

async function restart(partial: Partial): Promise<void> {
  await partial.file.truncate(0);
  partial.hash = createHash('sha256');
  partial.size = 0;
  partial.etag = undefined;
}

function isWanted(digest: string, size: number, wanted: DownloadOptions): boolean {
  return (wanted.sha256 ?? digest) === digest && (wanted.size ?? size) === size;
}

function mismatch(url: string, digest: string, { size, isPage }: Partial, wanted: DownloadOptions): AppError {
  const shown = stripUserInfo(url);
  const details = { url: shown, expected: wanted.sha256, found: digest };
  if (isPage) {
    return new AppError('DIGEST_MISMATCH', `\`${shown}\` answers with a web page (${size} bytes) instead of the file`, {
      hint: 'Does the server want a login, or does a proxy answer in its place? Nothing was kept.',
      details,
    });
  }
  const promised = [wanted.sha256, wanted.size === undefined ? undefined : `${wanted.size} bytes`];
  return new AppError(
    'DIGEST_MISMATCH',
    `\`${shown}\` has the digest ${digest} (${size} bytes), and ${promised.filter((each) => each !== undefined).join(', ')} was promised`,
    {
      hint: 'The file was changed since it was locked, or something between here and the server answers in its place. Nothing was kept.',
      details,
    },
  );
}

function tooLong(url: string, size: number): AppError {
  return new AppError(
    'DIGEST_MISMATCH',
    `\`${stripUserInfo(url)}\` is longer than the ${size} bytes that were promised`,
    {
      hint: 'Nothing was kept.',
    },
  );
}

function isDiskError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return ['ENOSPC', 'EDQUOT', 'EFBIG', 'EACCES', 'EROFS', 'EIO', 'EISDIR'].includes(String(code));
}
