import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import * as z from 'zod';
import { AppError } from '../../errors/index.ts';
import { inParallel, readBytes, readBytesIfExists, statIfExists, writeAtomically } from '../../io/index.ts';
import type { Channel } from './channel.ts';
import { brokenRepodata, channelError } from './channel-error.ts';
import type { RepodataTools } from './fetch-repodata.ts';
import { decodeMessagePack, type MessagePack, type ValueBudget } from './msgpack.ts';

/** Which shard has the records of a name (CEP 16). */
export const ShardIndex = z.object({
  baseUrl: z.string(),
  shardsBaseUrl: z.string(),
  /** Name → SHA-256 (hex) of its shard. */
  shards: z.record(z.string(), z.string()),
});
export type ShardIndex = z.infer<typeof ShardIndex>;

/** A shard or an index may be so large, unpacked. conda-forge's index has some MB. */
const largest = 64 << 20;
/** So many values an index may have, or a shard; and all shards that are looked at together. conda-forge's largest has a tenth of it. */
const mostValues = 4_000_000;
const mostTogether = 24_000_000;
const parallel = 24;

/** @throws Error for what is no index of shards. */
export async function readShardIndex(path: string): Promise<ShardIndex> {
  if (((await statIfExists(path))?.size ?? 0) > largest) throw tooLarge();
  const root = mapOf(decode(await readBytes(path), { left: mostValues }));
  const info = mapOf(root?.info ?? null);
  const listed = mapOf(root?.shards ?? null);
  if (listed === undefined) throw new Error('it has no list of shards');
  const shards: [string, string][] = [];
  for (const [name, digest] of Object.entries(listed)) {
    if (digest instanceof Uint8Array && digest.length === 32) shards.push([name, Buffer.from(digest).toString('hex')]);
    else if (typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest)) shards.push([name, digest]);
    else throw new Error(`its digest of \`${name}\` is none`);
  }
  return {
    baseUrl: textOf(info?.base_url),
    shardsBaseUrl: textOf(info?.shards_base_url),
    shards: Object.fromEntries(shards),
  };
}

/**
 * The records of some names: file name → record. A shard is kept under its digest, so that one that did not change is never fetched twice.
 * @throws AppError that names the channel.
 */
export async function readShards(
  names: readonly string[],
  index: ShardIndex,
  { channel, subdir, tools }: { channel: Channel; subdir: string; tools: RepodataTools },
): Promise<[string, unknown][]> {
  const wanted = names.flatMap((name) => {
    const digest = Object.hasOwn(index.shards, name) ? index.shards[name] : undefined;
    return digest === undefined ? [] : [digest];
  });
  const together = { left: mostTogether };
  const found = await inParallel([...new Set(wanted)], parallel, async (digest) => {
    try {
      const bytes = await shardBytes(digest, index, { channel, subdir, tools });
      const allowed = Math.min(mostValues, together.left);
      const budget = { left: allowed };
      const shard = decode(bytes, budget);
      together.left -= allowed - budget.left;
      return recordsOf(shard);
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw brokenRepodata(channel, `${digest}.msgpack.zst`, error instanceof Error ? error.message : '', error);
    }
  });
  return found.flat();
}

async function shardBytes(
  digest: string,
  index: ShardIndex,
  { channel, subdir, tools }: { channel: Channel; subdir: string; tools: RepodataTools },
): Promise<Uint8Array> {
  const path = join(tools.storeRoot, 'repodata', 'shards', digest.slice(0, 2), digest);
  const kept = await readBytesIfExists(path);
  if (kept !== undefined && digestOf(kept) === digest) return kept;
  let failure: unknown;
  for (const source of channel.sources) {
    try {
      const base = new URL(index.shardsBaseUrl, `${source}/${subdir}/`).href.replace(/\/*$/, '/');
      const response = await tools.http.get(`${base}${digest}.msgpack.zst`, { signal: tools.signal });
      const bytes = await response.bytes(largest);
      tools.onBytes(bytes.length);
      if (digestOf(bytes) !== digest) {
        throw brokenRepodata(channel, `${digest}.msgpack.zst`, 'its digest is not the one that the index promises');
      }
      await writeAtomically(path, bytes);
      return bytes;
    } catch (error) {
      if (tools.signal?.aborted === true) throw error;
      failure ??= channelError(channel, error);
    }
  }
  throw failure;
}

function recordsOf(shard: MessagePack): [string, unknown][] {
  const root = mapOf(shard);
  if (root === undefined) throw new Error('it is no shard');
  const removed = new Set(Array.isArray(root.removed) ? root.removed : []);
  return [root.packages, root['packages.conda']].flatMap((packages) =>
    Object.entries(mapOf(packages ?? null) ?? {})
      .filter(([filename]) => !removed.has(filename))
      .map(([filename, record]): [string, unknown] => [filename, withHexDigests(record)]),
  );
}

/** In shards, digests are bytes. */
function withHexDigests(record: MessagePack): MessagePack {
  const map = mapOf(record);
  if (map === undefined) return record;
  for (const key of ['md5', 'sha256']) {
    const value = map[key];
    if (value instanceof Uint8Array) map[key] = Buffer.from(value).toString('hex');
  }
  return map;
}

function decode(bytes: Uint8Array, budget: ValueBudget): MessagePack {
  return decodeMessagePack(inflate(bytes), budget);
}

function inflate(bytes: Uint8Array): Buffer {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: largest });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge() : error;
  }
}

function tooLarge(): Error {
  return new Error(`it has more than ${largest} bytes`);
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function mapOf(value: MessagePack): Record<string, MessagePack> | undefined {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  return isMap ? value : undefined;
}

function textOf(value: MessagePack | undefined): string {
  return typeof value === 'string' ? value : '';
}
