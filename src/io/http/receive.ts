import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isAppError } from '../../errors/index.ts';
import { sleep } from '../clock.ts';
import { fsErrorToAppError } from '../files.ts';
import type { Client } from './download.ts';
import type { GetOptions } from './http.ts';
import { canceled, connectionError } from './http-errors.ts';

export interface ReceiveOptions extends GetOptions {
  onProgress?: (done: number, total: number | undefined) => void;
}

export interface Received {
  /** 304 for an answer to a condition in the headers; then nothing was written. */
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  size: number;
}

/** See `Http.receive`. */
export async function receiveFile(
  { get, retries, env }: Client,
  url: string,
  { file, ...options }: ReceiveOptions & { file: string },
): Promise<Received> {
  const { signal, onProgress } = options;
  for (let attempt = 0; ; attempt += 1) {
    const response = await get(url, { headers: { ...options.headers, 'accept-encoding': 'identity' }, signal });
    const { status, headers } = response;
    if (status === 304) {
      await response.bytes();
      return { status, headers, size: 0 };
    }
    const length = headers['content-length'];
    const total = length === undefined || length === '' ? undefined : Number(length);
    let size = 0;
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const piece of response.stream()) {
        size += piece.length;
        onProgress?.(size, total);
        yield piece;
      }
      if (total !== undefined && size < total) throw new Error('the body ended early');
    };
    try {
      await mkdir(dirname(file), { recursive: true });
      await pipeline(counted, createWriteStream(file), { signal });
      return { status, headers, size };
    } catch (error) {
      if (signal?.aborted === true) throw canceled(url, signal);
      const ours = fsErrorToAppError(error, `write \`${file}\``);
      if (isAppError(ours) && ours.code !== 'INTERNAL') throw ours;
      if (attempt >= retries) throw connectionError(url, error, env);
      await sleep(200 * 2 ** attempt, signal).catch(() => undefined);
    }
  }
}
