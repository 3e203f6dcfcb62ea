import { createReadStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createZstdDecompress } from 'node:zlib';
import { isAppError } from '../../errors/index.ts';
import { type Http, removeTree, statIfExists, withFileLock, writeAtomically } from '../../io/index.ts';
import type { Channel } from './channel.ts';
import { brokenRepodata, channelError } from './channel-error.ts';
import { decodeBzip2 } from './decode-bzip2.ts';
import { interrupted } from './interrupted.ts';
import { spoolRecords } from './record-spool.ts';
import { readShardIndex } from './shards.ts';
import { createSubdirCache, type SubdirCache, type SubdirState, type Variant, variants } from './subdir-cache.ts';

export interface RepodataTools {
  http: Http;
  storeRoot: string;
  offline: boolean;
  signal?: AbortSignal;
  /** Bytes as they come. */
  onBytes: (count: number) => void;
}

/** So long the better forms of a channel that did not have them are not asked for again. */
const variantsFor = 7 * 86_400_000;
/** More than any channel has, unpacked; and more than honest records shrink by: they come to a tenth or a twentieth. */
const longest = 8 * 2 ** 30;
const bombSize = 64 << 20;
const bombRatio = 200;
/** Of unpacked repodata. */
const chunkSize = 1 << 20;

const order = Object.keys(variants) as Variant[];

/**
 * Brings what is known of a channel's folder up to date, and answers it: nothing is asked while it is fresh by the server's own word, a condition
 * if it is not (ETag, Last-Modified), and the whole only if it changed. Offline, what is there counts.
 * @throws AppError that names the channel.
 */
export async function fetchRepodata(
  channel: Channel,
  subdir: string,
  { refresh, ...tools }: RepodataTools & { refresh: boolean },
): Promise<{ state: SubdirState; cache: SubdirCache }> {
  const cache = createSubdirCache(tools.storeRoot, `${channel.url}/${subdir}`);
  const usable = async (): Promise<SubdirState | undefined> => {
    const state = await cache.read();
    if (state === undefined || !(await hasContent(cache, state))) return undefined;
    return state;
  };
  const fresh = await usable();
  if (fresh !== undefined && (tools.offline || (!refresh && Date.now() < fresh.freshUntil)))
    return { state: fresh, cache };
  return await withFileLock(
    `${tools.storeRoot}/locks/repodata-${cache.key}`,
    async () => {
      // Whoever held the lock may have done it.
      const known = await usable();
      if (known !== undefined && known.checkedAt > (fresh?.checkedAt ?? 0) && Date.now() - known.checkedAt < 2000)
        return { state: known, cache };
      try {
        const state = await update({ channel, subdir, cache, known, tools });
        await cache.write(state);
        return { state, cache };
      } catch (error) {
        throw channelError(channel, error);
      }
    },
    { signal: tools.signal },
  );
}

async function hasContent(cache: SubdirCache, state: SubdirState): Promise<boolean> {
  if (state.variant === 'absent') return true;
  const content = await cache.openContent(state.generation);
  await content?.close();
  return content !== undefined;
}

interface Update {
  channel: Channel;
  subdir: string;
  cache: SubdirCache;
  known: SubdirState | undefined;
  tools: RepodataTools;
}

async function update(task: Update): Promise<SubdirState> {
  const { channel, known } = task;
  let failure: unknown;
  for (const source of channel.sources) {
    try {
      const state = await fromSource(source, task);
      if (state.variant !== 'absent') return state;
    } catch (error) {
      if (task.tools.signal?.aborted === true || !isAppError(error)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  const now = Date.now();
  const generation = known?.variant === 'absent' ? known.generation : task.cache.newGeneration();
  return {
    format: 1,
    url: `${channel.url}/${task.subdir}`,
    variant: 'absent',
    generation,
    checkedAt: now,
    freshUntil: 0,
    variantsAt: known?.variant === 'absent' && !mayHaveBetter(known) ? known.variantsAt : now,
  };
}

async function fromSource(source: string, task: Update): Promise<SubdirState> {
  const { known } = task;
  const isSettled = known !== undefined && !mayHaveBetter(known);
  if (isSettled && known.variant !== 'absent') {
    const again = await ask(source, known.variant, task);
    if (again !== undefined) return again;
  }
  let refusal: unknown;
  // Where there was nothing, a channel that comes to have the folder has the plain form too.
  for (const variant of isSettled && known.variant === 'absent' ? (['json'] as const) : order) {
    try {
      const state = await ask(source, variant, task);
      if (state !== undefined) return state;
    } catch (error) {
      // Some servers refuse what is not there.
      if (!isAppError(error, 'UNAUTHORIZED')) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
  return { ...emptyState(task), variant: 'absent' };
}

function mayHaveBetter({ variant, variantsAt }: SubdirState): boolean {
  return variant !== 'shards' && Date.now() - variantsAt > variantsFor;
}

function emptyState({ channel, subdir, cache, known }: Update): Omit<SubdirState, 'variant'> {
  const now = Date.now();
  return {
    format: 1,
    url: `${channel.url}/${subdir}`,
    generation: cache.newGeneration(),
    checkedAt: now,
    freshUntil: 0,
    variantsAt: known === undefined || mayHaveBetter(known) ? now : known.variantsAt,
  };
}

/** Asks for one form. Undefined if it is not there. */
async function ask(source: string, variant: Variant, task: Update): Promise<SubdirState | undefined> {
  const { channel, cache, known, tools } = task;
  const file = variants[variant];
  const same = known?.variant === variant ? known : undefined;
  const temporary = cache.temporaryPath();
  try {
    const received = await receive(`${source}/${task.subdir}/${file}`, temporary, { known: same, tools });
    if (received === undefined) return undefined;
    const { headers, unchanged } = received;
    const facts = {
      etag: headers.etag,
      lastModified: headers['last-modified'],
      freshUntil: Date.now() + maxAge(headers),
    };
    if (unchanged && same !== undefined) {
      const { etag = same.etag, lastModified = same.lastModified, freshUntil } = facts;
      return { ...same, etag, lastModified, freshUntil, checkedAt: Date.now() };
    }
    const state = { ...emptyState(task), variant, ...facts };
    const isPage = (headers['content-type'] ?? '').includes('text/html') || (await beginsAsPage(temporary));
    if (isPage) {
      // A server that answers everything with a page does not have this form.
      if (variant !== 'json') return undefined;
      throw brokenRepodata(channel, file, 'it is a web page; does the server want a login, or does a proxy answer?');
    }
    await digest(temporary, state, task);
    return state;
  } finally {
    await removeTree(temporary);
  }
}

interface Answer {
  headers: Record<string, string>;
  unchanged: boolean;
}

async function receive(
  url: string,
  temporary: string,
  { known, tools }: { known: SubdirState | undefined; tools: RepodataTools },
): Promise<Answer | undefined> {
  if (url.startsWith('file:')) return await receiveLocal(url, temporary, { known, tools });
  const headers: Record<string, string> = {};
  if (known?.etag !== undefined) headers['if-none-match'] = known.etag;
  else if (known?.lastModified !== undefined) headers['if-modified-since'] = known.lastModified;
  let last = 0;
  try {
    const received = await tools.http.receive(url, temporary, {
      headers,
      signal: tools.signal,
      onProgress: (done) => {
        tools.onBytes(Math.max(0, done - last));
        last = done;
      },
    });
    return { headers: received.headers, unchanged: received.status === 304 };
  } catch (error) {
    if (isAppError(error, 'HTTP_ERROR') && [404, 410].includes(Number(error.details?.status))) return undefined;
    throw error;
  }
}

/** A folder has no ETag, but files have a time and a size. */
async function receiveLocal(
  url: string,
  temporary: string,
  { known, tools }: { known: SubdirState | undefined; tools: RepodataTools },
): Promise<Answer | undefined> {
  const stats = await statIfExists(fileURLToPath(url));
  if (stats === undefined) return undefined;
  const etag = `"${stats.mtimeMs}-${stats.size}-${stats.ino}"`;
  if (known?.etag === etag) return { headers: { etag }, unchanged: true };
  await tools.http.receive(url, temporary, { signal: tools.signal });
  return { headers: { etag }, unchanged: false };
}

async function beginsAsPage(path: string): Promise<boolean> {
  for await (const chunk of createReadStream(path, { end: 255 }))
    return /^\s*<(?:!doctype|html|head|body|\?xml)/i.test((chunk as Buffer).toString('latin1'));
  return false;
}

/** Puts what was received into the cache, in the form in which it is looked up. */
async function digest(
  path: string,
  { variant, generation }: SubdirState,
  { channel, cache, tools: { signal } }: Update,
): Promise<void> {
  try {
    if (variant === 'shards') {
      const index = await readShardIndex(path);
      await writeAtomically(cache.indexPath(generation), JSON.stringify(index));
      await rename(path, cache.contentPath(generation));
      return;
    }
    if (variant === 'absent') return;
    // The folder is made by the index.
    await writeAtomically(cache.indexPath(generation), '');
    const { size = 0 } = (await statIfExists(path)) ?? {};
    const most = Math.min(longest, Math.max(bombSize, size * bombRatio));
    const index = await spoolRecords(limited(textOf(path, variant), most, signal), cache.contentPath(generation));
    await writeAtomically(cache.indexPath(generation), JSON.stringify(index));
  } catch (error) {
    await removeTree(cache.contentPath(generation));
    await removeTree(cache.indexPath(generation));
    if (isAppError(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw brokenRepodata(channel, variant === 'absent' ? '' : variants[variant], why, error);
  }
}

function textOf(path: string, variant: 'zst' | 'bz2' | 'json'): AsyncIterable<Uint8Array> {
  if (variant === 'bz2') return decodeBzip2(path);
  const input = createReadStream(path, { highWaterMark: 1 << 20 });
  if (variant === 'json') return input;
  // Pieces go to another thread and back: large ones.
  const options = { chunkSize, highWaterMark: chunkSize };
  const decoder = createZstdDecompress(options as Parameters<typeof createZstdDecompress>[0]);
  // Errors of either come out where the decoder is read.
  pipeline(input, decoder).catch(() => undefined);
  return decoder;
}

async function* limited(
  stream: AsyncIterable<Uint8Array>,
  most: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (signal?.aborted === true) throw interrupted(signal);
    if (size > most) throw new Error(`it unpacks to more than ${most} bytes`);
    yield chunk;
  }
}

/** Milliseconds for which the answer may be used without asking, by Cache-Control and Age. */
function maxAge(headers: Record<string, string>): number {
  const control = (headers['cache-control'] ?? '').toLowerCase();
  if (/\bno-(?:cache|store)\b/.test(control)) return 0;
  const seconds = Number(/\bmax-age\s*=\s*"?(\d+)/.exec(control)?.[1] ?? 0) - Number(headers.age ?? 0);
  // A day at most: who wants newer packages should not have to know of caches.
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 86_400) * 1000 : 0;
}
