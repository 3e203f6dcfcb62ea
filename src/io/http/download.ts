import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, stripUserInfo } from '../../errors/index.ts';
import { sleep } from '../clock.ts';
import { fsErrorToAppError, statIfExists } from '../files.ts';
import type { GetOptions, HttpResponse } from './http.ts';
import { connectionError } from './http-errors.ts';

export interface DownloadOptions extends GetOptions {
  /** What the bytes must be; checked before the file gets its final name. */
  sha256?: string;
  size?: number;
  onProgress?: (done: number, total: number | undefined) => void;
}

interface Client {
  get(url: string, options?: GetOptions): Promise<HttpResponse>;
  retries: number;
  env: Record<string, string | undefined>;
}

/** What has been written so far, with the hash over it. */
interface Partial {
  file: FileHandle;
  hash: Hash;
  size: number;
}

/** See `Http.download`. */
export async function downloadFile(client: Client, url: string, target: string, options: DownloadOptions): Promise<{ sha256: string; size: number }> {
  const path = `${target}.part`;
  const partial = await withDisk(target, () => openPartial(path));
  try {
    for (let attempt = 0; ; attempt += 1) {
      const before = partial.size;
      try {
        await receive(client, url, partial, options);
        break;
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error instanceof AppError || isDiskError(error)) throw error;
        // Progress resets the count: a bad line over a long way is no reason to give up.
        if (partial.size > before) attempt = 0;
        if (attempt >= client.retries) throw connectionError(url, error, client.env);
        await sleep(200 * 2 ** attempt, options.signal);
      }
    }
    const digest = partial.hash.digest('hex');
    await verify(url, path, { sha256: digest, size: partial.size }, options);
    await partial.file.close();
    await rename(path, target);
    return { sha256: digest, size: partial.size };
  } catch (error) {
    throw fsErrorToAppError(error, `write \`${target}\``);
  } finally {
    await partial.file.close().catch(() => undefined);
  }
}

async function openPartial(path: string): Promise<Partial> {
  await mkdir(dirname(path), { recursive: true });
  const hash = createHash('sha256');
  const size = (await statIfExists(path))?.size ?? 0;
  if (size > 0) for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return { file: await open(path, size > 0 ? 'r+' : 'w'), hash, size };
}

async function receive(client: Client, url: string, partial: Partial, options: DownloadOptions): Promise<void> {
  if (options.size !== undefined && partial.size >= options.size) {
    if (partial.size === options.size) return;
    await restart(partial);
  }
  const asked = partial.size;
  const headers = { 'accept-encoding': 'identity', ...options.headers, ...(asked > 0 ? { range: `bytes=${asked}-` } : {}) };
  const response = await getOrRestart(client, url, partial, { ...options, headers });
  if (asked > 0 && response.status !== 206) await restart(partial);
  const declared = response.headers['content-length'];
  const total = declared === undefined || declared === '' ? options.size : partial.size + Number(declared);
  for await (const chunk of response.stream()) {
    const bytes = chunk as Buffer;
    partial.hash.update(bytes);
    await writeAt(partial.file, bytes, partial.size);
    partial.size += bytes.length;
    if (options.size !== undefined && partial.size > options.size) throw tooLong(url, options.size);
    options.onProgress?.(partial.size, total);
  }
  if (total !== undefined && partial.size < total) throw new Error('the body ended early');
}

/** A server that does not know the range (the file is another one by now) is asked for the whole. */
async function getOrRestart(client: Client, url: string, partial: Partial, options: DownloadOptions): Promise<HttpResponse> {
  try {
    return await client.get(url, options);
  } catch (error) {
    if (partial.size === 0 || !(error instanceof AppError) || error.details?.status !== 416) throw error;
    await restart(partial);
    const { range: _range, ...headers } = options.headers ?? {};
    return await client.get(url, { ...options, headers });
  }
}

async function restart(partial: Partial): Promise<void> {
  await partial.file.truncate(0);
  partial.hash = createHash('sha256');
  partial.size = 0;
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function verify(url: string, path: string, found: { sha256: string; size: number }, wanted: DownloadOptions): Promise<void> {
  if (wanted.sha256 === undefined || wanted.sha256 === found.sha256) return;
  await rm(path, { force: true });
  throw new AppError('DIGEST_MISMATCH', `\`${stripUserInfo(url)}\` has the digest ${found.sha256} (${found.size} bytes), and ${wanted.sha256} was promised`, {
    hint: 'The file was changed since it was locked, or something between here and the server answers in its place. Nothing was kept.',
    details: { url: stripUserInfo(url), expected: wanted.sha256, found: found.sha256 },
  });
}

function tooLong(url: string, size: number): AppError {
  return new AppError('DIGEST_MISMATCH', `\`${stripUserInfo(url)}\` is longer than the ${size} bytes that were promised`, { hint: 'Nothing was kept.' });
}

function isDiskError(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '');
}

async function withDisk<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fsErrorToAppError(error, `write \`${target}\``);
  }
}
