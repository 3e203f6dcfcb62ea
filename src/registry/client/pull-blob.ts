import { AppError, isAppError } from '../../errors/index.ts';
import { type HttpResponse, retryDelay, sleep } from '../../io/index.ts';
import { algorithmOf, splitDigest, startDigest } from '../names.ts';
import type { ByteRange } from '../store/content.ts';
import { discard } from './failure.ts';
import type { Place, Transport } from './transport.ts';

export interface PullOptions {
  /** Bytes, as the manifest says; more or fewer are an error. */
  size?: number;
  /** First and last byte, both included: of a stretch the digest tells nothing, and only its length is checked. */
  range?: ByteRange;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

const retries = 5;

/**
 * The bytes of a blob, or of a stretch of it. They count only when the stream has come to its end: then they were what the digest says. A connection that breaks is made again
 * where it broke. @throws AppError DIGEST_MISMATCH, and those of `Transport.send`.
 */
export async function* pullBlob(
  transport: Transport,
  place: Place,
  { digest, size, range, signal, onProgress }: PullOptions & { digest: string },
): AsyncIterableIterator<Uint8Array> {
  const hash = startDigest(algorithmOf(digest));
  const shown = `${place.registry}/${place.repository}`;
  let done = range?.start ?? 0;
  for (let failures = 0; ; ) {
    const before = done;
    try {
      const { pieces, total } = await ask(transport, place, { digest, start: done, end: range?.end, signal });
      const wanted = range === undefined ? (size ?? total) : range.end + 1;
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
  if (range === undefined && hex !== splitDigest(digest).hex) throw mismatch(shown, digest, `the digest ${hex}`);
}

interface Stretch {
  pieces: AsyncIterable<Uint8Array>;
  /** Of the whole blob, as the server says. */
  total: number | undefined;
}

/** What comes behind the first `start` bytes, up to the byte `end`. */
async function ask(
  transport: Transport,
  place: Place,
  { digest, start, end, signal }: { digest: string; start: number; end?: number; signal?: AbortSignal },
): Promise<Stretch> {
  const what = `the blob \`${digest}\` of \`${place.repository}\``;
  const headers: Record<string, string> =
    start === 0 && end === undefined ? {} : { range: `bytes=${start}-${end ?? ''}` };
  const response = await transport.send(place, {
    path: `blobs/${digest}`,
    headers,
    expect: [200, 206, 416],
    what,
    signal,
  });
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '') ?? [];
  if (response.status === 206 && Number(first) === start) {
    return {
      pieces: cut(response, 0, end === undefined ? end : end - start),
      total: total === '*' ? undefined : Number(total),
    };
  }
  if (response.status !== 200) {
    await discard(response);
    throw mismatch(`${place.registry}/${place.repository}`, digest, 'another length than before');
  }
  const length = response.headers['content-length'];
  return { pieces: cut(response, start, end), total: length ? Number(length) : undefined };
}

/** For servers that know no ranges, or only where they begin. */
async function* cut(
  response: HttpResponse,
  start: number,
  end = Number.POSITIVE_INFINITY,
): AsyncIterableIterator<Uint8Array> {
  let position = 0;
  for await (const piece of response.stream()) {
    const rest = piece.subarray(Math.max(start - position, 0), Math.max(end + 1 - position, 0));
    position += piece.length;
    if (rest.length > 0) yield rest;
    // Behind what was asked for: it is not worth to read on.
    if (position > end + 1) return;
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
