import { AppError, isAppError } from '../../errors/index.ts';
import { type HttpResponse, retryDelay, sleep } from '../../io/index.ts';
import { algorithmOf, splitDigest, startDigest } from '../names.ts';
import { discard } from './failure.ts';
import type { Place, Transport } from './transport.ts';

export interface PullOptions {
  /** Bytes, as the manifest says; more or fewer are an error. */
  size?: number;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

const retries = 5;

/**
 * The bytes of a blob. They count only when the stream has come to its end: then they were what the digest says. A connection that breaks is made again
 * where it broke. @throws AppError DIGEST_MISMATCH, and those of `Transport.send`.
 */
export async function* pullBlob(
  transport: Transport,
  place: Place,
  { digest, size, signal, onProgress }: PullOptions & { digest: string },
): AsyncIterableIterator<Uint8Array> {
  const hash = startDigest(algorithmOf(digest));
  const shown = `${place.registry}/${place.repository}`;
  let done = 0;
  for (let failures = 0; ; ) {
    const before = done;
    try {
      const { pieces, total } = await ask(transport, place, { digest, start: done, signal });
      const wanted = size ?? total;
      for await (const piece of pieces) {
        done += piece.length;
        if (wanted !== undefined && done > wanted) throw tooLong(shown, digest, wanted);
        hash.update(piece);
        onProgress?.(done);
        yield piece;
      }
      if (wanted === undefined || done === wanted) break;
      // As many as the server itself announced, and fewer than the manifest says.
      if (total === done) throw mismatch(shown, digest, `${done} bytes instead of ${wanted}`);
      throw new Error('the body ended early');
    } catch (error) {
      if (signal?.aborted === true) throw canceled(shown, digest, signal);
      if (isAppError(error)) throw error;
      failures = done > before ? 1 : failures + 1;
      if (failures > retries) throw broken(shown, digest, error);
      await sleep(retryDelay(failures - 1), signal).catch(() => undefined);
    }
  }
  const hex = hash.digest('hex');
  if (hex !== splitDigest(digest).hex) throw mismatch(shown, digest, `the digest ${hex}`);
}

interface Stretch {
  pieces: AsyncIterable<Uint8Array>;
  /** Of the whole blob, as the server says. */
  total: number | undefined;
}

/** What comes behind the first `start` bytes. */
async function ask(
  transport: Transport,
  place: Place,
  { digest, start, signal }: { digest: string; start: number; signal?: AbortSignal },
): Promise<Stretch> {
  const what = `the blob \`${digest}\` of \`${place.repository}\``;
  const headers: Record<string, string> = start === 0 ? {} : { range: `bytes=${start}-` };
  const response = await transport.send(place, {
    path: `blobs/${digest}`,
    headers,
    expect: [200, 206, 416],
    what,
    signal,
  });
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '') ?? [];
  if (response.status === 206 && Number(first) === start) {
    return { pieces: response.stream(), total: total === '*' ? undefined : Number(total) };
  }
  if (response.status !== 200) {
    await discard(response);
    throw mismatch(`${place.registry}/${place.repository}`, digest, 'another length than before');
  }
  const length = response.headers['content-length'];
  return { pieces: skip(response, start), total: length ? Number(length) : undefined };
}

/** For servers that know no ranges. */
async function* skip(response: HttpResponse, count: number): AsyncIterableIterator<Uint8Array> {
  let left = count;
  for await (const piece of response.stream()) {
    if (piece.length > left) yield left === 0 ? piece : piece.subarray(left);
    left = Math.max(left - piece.length, 0);
  }
}

function tooLong(shown: string, digest: string, size: number): AppError {
  return mismatch(shown, digest, `more than ${size} bytes`);
}

function mismatch(shown: string, digest: string, found: string): AppError {
  return new AppError('DIGEST_MISMATCH', `\`${shown}\` has ${found} where \`${digest}\` was promised`, {
    hint: 'The registry is damaged, or something between here and there answers in its place. Nothing was kept.',
    details: { expected: digest },
  });
}

function broken(shown: string, digest: string, cause: unknown): AppError {
  return new AppError(
    'UNREACHABLE',
    `\`${digest}\` could not be read from \`${shown}\`: the connection breaks again and again`,
    {
      hint: 'Check the connection, and try again.',
      cause,
    },
  );
}

function canceled(shown: string, digest: string, signal: AbortSignal): AppError {
  const reason: unknown = signal.reason;
  return isAppError(reason)
    ? reason
    : new AppError('CANCELED', `reading \`${digest}\` from \`${shown}\` was interrupted`, { cause: reason });
}
