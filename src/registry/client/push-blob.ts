import { AppError, isAppError } from '../../errors/index.ts';
import { type HttpResponse, retryDelay, sleep } from '../../io/index.ts';
import { discard } from './failure.ts';
import type { Place, RegistryRequest, Transport } from './transport.ts';

/** A blob that can be read from anywhere, more than once. */
export interface BlobSource {
  digest: string;
  /** Bytes. */
  size: number;
  /** The bytes behind the first `start`. */
  open: (start: number) => AsyncIterable<Uint8Array>;
}

export interface PushOptions {
  /** A repository of the same registry that may have it; null for whichever has it, which not every registry looks for. */
  mountFrom?: string | null;
  /** Bytes at most in one request; all at once if not given. */
  chunkSize?: number;
  /** Somebody has just asked, and it is not there. */
  isMissing?: boolean;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

/** What it took. */
export type Pushed = 'existed' | 'mounted' | 'sent';

/** What is smaller goes with the request that ends the upload. */
const small = 1 << 20;
const retries = 5;
/** A registry may read all of it again before it answers. */
const patience = 600_000;

/**
 * Brings a blob to a registry, if it is not there: asks first, then tries to mount, then sends; what broke off is gone on with where the registry
 * still has it. @throws AppError DIGEST_MISMATCH, and those of `Transport.send`.
 */
export async function pushBlob(
  transport: Transport,
  place: Place,
  { source, ...options }: PushOptions & { source: BlobSource },
): Promise<Pushed> {
  const context: Context = { transport, place, source, ...options };
  if (options.isMissing !== true && (await exists(context))) return 'existed';
  let session = await start(context, options.mountFrom);
  if (session === 'mounted') return 'mounted';
  for (let failures = 0; ; ) {
    const before = session.offset;
    try {
      await sendAll(context, session);
      return 'sent';
    } catch (error) {
      if (!mayPass(error) || failures >= retries) throw error;
      failures = session.offset > before ? 1 : failures + 1;
      await sleep(retryDelay(failures - 1), options.signal).catch(() => undefined);
      // The answer may have been lost, not the blob.
      if (await exists(context)) return 'sent';
      session = await resume(context, session);
    }
  }
}

/** Makes a blob that another repository of the registry has visible here. False if it is not there, or the registry does not do that. */
export async function mountBlob(
  transport: Transport,
  place: Place,
  { digest, from, signal }: { digest: string; from: string; signal?: AbortSignal },
): Promise<boolean> {
  const session = await start({ transport, place, source: { digest }, signal }, from);
  if (session === 'mounted') return true;
  // It began an upload instead, which nobody wants.
  const request: RegistryRequest = {
    method: 'DELETE',
    path: session.location,
    expect: [200, 202, 204, 404, 405],
    what: whatOf(place, digest),
    repeat: false,
    signal,
  };
  await transport.send(place, request).then(discard, () => undefined);
  return false;
}

interface Context extends PushOptions {
  transport: Transport;
  place: Place;
  source: BlobSource;
}

interface Session {
  location: string;
  /** What the registry has. */
  offset: number;
  /** Bytes at least in one request, but for the last. */
  minimum: number;
}

async function exists({ transport, place, source, signal }: Context): Promise<boolean> {
  const { digest } = source;
  const what = whatOf(place, digest);
  const found = await transport.send(place, {
    method: 'HEAD',
    path: `blobs/${digest}`,
    expect: [200, 404],
    what,
    signal,
  });
  await discard(found);
  return found.status === 200;
}

async function start(
  {
    transport,
    place,
    source,
    signal,
  }: Pick<Context, 'transport' | 'place' | 'signal'> & { source: { digest: string } },
  mountFrom?: string | null,
): Promise<Session | 'mounted'> {
  const mount = mountFrom === undefined || mountFrom === place.repository ? undefined : mountFrom;
  const search = new URLSearchParams(mount === undefined ? {} : { mount: source.digest });
  if (typeof mount === 'string') search.set('from', mount);
  const query = search.size === 0 ? '' : `?${search.toString()}`;
  const response = await transport.send(withSource(place, mount), {
    method: 'POST',
    path: `blobs/uploads/${query}`,
    headers: { 'content-length': '0' },
    expect: mount === undefined ? [202] : [201, 202],
    what: whatOf(place, source.digest),
    signal,
  });
  await discard(response);
  if (response.status === 201) return 'mounted';
  return {
    location: locationOf(response, place),
    offset: 0,
    minimum: Number(response.headers['oci-chunk-min-length'] ?? 0) || 0,
  };
}

/** To mount, one has to be let in at the other repository too. */
function withSource(place: Place, mount: string | null | undefined): Place {
  return mount === undefined || mount === null ? place : { ...place, scope: `${place.scope} repository:${mount}:pull` };
}

/** Sends what the registry lacks. `session` is kept up to date, for whoever has to go on. */
async function sendAll(context: Context, session: Session): Promise<void> {
  const { source, chunkSize = Number.POSITIVE_INFINITY } = context;
  const limit = Math.max(chunkSize, session.minimum);
  const isWhole = session.offset === 0 && source.size <= Math.min(limit, small);
  if (!isWhole) await sendStretches(context, session, limit);
  await sendPart(context, session, { method: 'PUT', end: source.size, headers: {} });
}

async function sendStretches(context: Context, session: Session, limit: number): Promise<void> {
  const { size } = context.source;
  while (session.offset < size) {
    const end = Math.min(session.offset + limit, size);
    const isAll = session.offset === 0 && end === size;
    const range: Record<string, string> = isAll ? {} : { 'content-range': `${session.offset}-${end - 1}` };
    const response = await sendPart(context, session, { method: 'PATCH', end, headers: range });
    session.location = locationOf(response, context.place);
    session.offset = end;
  }
}

interface Part {
  method: 'PATCH' | 'PUT';
  end: number;
  headers: Record<string, string>;
}

async function sendPart(context: Context, { location, offset }: Session, part: Part): Promise<HttpResponse> {
  const { transport, place, source, signal, onProgress } = context;
  const length = part.end - offset;
  const isLast = part.method === 'PUT';
  const request: RegistryRequest = {
    method: part.method,
    path: isLast ? withDigest(location, { source, place }) : location,
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(length), ...part.headers },
    body:
      length === 0
        ? () => new Uint8Array()
        : () => cut(source.open(offset), length, (done) => onProgress?.(offset + done)),
    expect: isLast ? [201, 204] : [202, 204],
    what: whatOf(place, source.digest),
    signal,
    // What came before the break is not sent again.
    repeat: false,
    timeout: patience,
  };
  const response = await transport.send(place, request);
  await discard(response);
  return response;
}

/** Exactly so many bytes: whoever announced more or fewer made a mistake that the registry must not see as a broken connection. */
async function* cut(
  pieces: AsyncIterable<Uint8Array>,
  length: number,
  onProgress: (done: number) => void,
): AsyncIterableIterator<Uint8Array> {
  let done = 0;
  for await (const piece of pieces) {
    const rest = piece.length > length - done ? piece.subarray(0, length - done) : piece;
    done += rest.length;
    yield rest;
    onProgress(done);
    if (done === length) return;
  }
  throw new AppError('DIGEST_MISMATCH', `only ${done} of ${length} bytes of a blob are there`, {
    hint: 'The file was changed meanwhile; repeat the command.',
  });
}

/** Where the registry says that it is; from the beginning if it does not know the upload any more, or says nothing that helps. */
async function resume(context: Context, session: Session): Promise<Session> {
  const { transport, place, source, signal } = context;
  const what = whatOf(place, source.digest);
  const path = session.location;
  const status = await transport.send(place, { path, expect: [200, 202, 204, 400, 404, 405, 416], what, signal });
  await discard(status);
  const end = /^(?:bytes=)?0-(\d+)$/.exec(status.headers.range ?? '')?.[1];
  // `0-0` is said of nothing and of one byte alike.
  if (status.status < 300 && end !== undefined && end !== '0' && Number(end) < source.size) {
    return { ...session, location: locationOf(status, place), offset: Number(end) + 1 };
  }
  const fresh = await start(context);
  return fresh === 'mounted' ? session : fresh;
}

function mayPass(error: unknown): boolean {
  if (isAppError(error, 'UNREACHABLE')) return true;
  const status =
    isAppError(error, 'HTTP_ERROR') || isAppError(error, 'IMAGE_NOT_FOUND') ? error.details?.status : undefined;
  // 404: the upload expired; 416: another part is wanted.
  return typeof status === 'number' && (status >= 500 || [404, 408, 416, 425, 429].includes(status));
}

function locationOf({ headers }: HttpResponse, { registry }: Place): string {
  const { location } = headers;
  if (location !== undefined && location !== '') return location;
  throw new AppError('HTTP_ERROR', `\`${registry}\` begins an upload and does not say where`, {
    hint: 'Is it a registry? Check the address.',
  });
}

function withDigest(location: string, { source, place }: { source: BlobSource; place: Place }): string {
  const nowhere = 'http://nowhere';
  if (!URL.canParse(location, nowhere)) {
    throw new AppError('HTTP_ERROR', `\`${place.registry}\` names no address for an upload`);
  }
  const mark = location.includes('?') ? '&' : '?';
  return `${location}${mark}digest=${encodeURIComponent(source.digest)}`;
}

function whatOf({ repository }: Place, digest: string): string {
  return `the blob \`${digest}\` for \`${repository}\``;
}
