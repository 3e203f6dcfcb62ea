import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { writeBzip2 } from '../bzip2.ts';
import type { PackageRecord } from './channel-package.ts';

/** The forms in which a channel says what it has. */
export const repodataForms = ['shards', 'zst', 'bz2', 'json'] as const;
export type RepodataForm = (typeof repodataForms)[number];

/** File name → record. */
type Records = Readonly<Record<string, PackageRecord>>;

/** The documents of a channel's folder that say what is in it, by their path there. */
export function writeRepodata(subdir: string, records: Records, forms: readonly RepodataForm[]): Map<string, Buffer> {
  const documents = new Map<string, Buffer>();
  const json = Buffer.from(repodataJson(subdir, records));
  if (forms.includes('json')) documents.set('repodata.json', json);
  if (forms.includes('zst')) documents.set('repodata.json.zst', zstdCompressSync(json));
  if (forms.includes('bz2')) documents.set('repodata.json.bz2', writeBzip2(json));
  if (forms.includes('shards')) for (const [path, bytes] of writeShards(subdir, records)) documents.set(path, bytes);
  return documents;
}

function repodataJson(subdir: string, records: Records): string {
  return JSON.stringify({ info: { subdir }, ...byFormat(records), removed: [], repodata_version: 1 });
}

function byFormat(records: Records): { packages: Records; 'packages.conda': Records } {
  const entries = Object.entries(records);
  const ending = (extension: string): Records =>
    Object.fromEntries(entries.filter(([filename]) => filename.endsWith(extension)));
  return { packages: ending('.tar.bz2'), 'packages.conda': ending('.conda') };
}

/** An index of shards, and one shard for each name (CEP 16). */
function writeShards(subdir: string, records: Records): [string, Buffer][] {
  const names = [...new Set(Object.values(records).map(({ name }) => name))].sort();
  const shards: Record<string, Buffer> = {};
  const documents: [string, Buffer][] = [];
  for (const name of names) {
    const own = Object.entries(records).filter(([, record]) => record.name === name);
    const binary = own.map(([filename, { sha256, md5, ...rest }]) => [
      filename,
      { ...rest, sha256: Buffer.from(sha256, 'hex'), md5: Buffer.from(md5, 'hex') },
    ]);
    const bytes = zstdCompressSync(
      encodeMessagePack({ ...byFormat(Object.fromEntries(binary) as unknown as Records), removed: [] }),
    );
    const digest = createHash('sha256').update(bytes).digest();
    shards[name] = digest;
    documents.push([`shards/${digest.toString('hex')}.msgpack.zst`, bytes]);
  }
  const info = { subdir, base_url: './', shards_base_url: './shards/' };
  documents.push(['repodata_shards.msgpack.zst', zstdCompressSync(encodeMessagePack({ version: 1, info, shards }))]);
  return documents;
}

/** What repodata has: texts, whole numbers, bytes, lists and maps. */
function encodeMessagePack(value: unknown): Buffer {
  if (value === null || value === undefined) return Buffer.from([0xc0]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (typeof value === 'number') {
    const wide = Buffer.alloc(9, 0xcf);
    wide.writeBigUInt64BE(BigInt(value), 1);
    return wide;
  }
  if (typeof value === 'string') return Buffer.concat([head(0xdb, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(0xc6, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(0xdd, value.length), ...value.map(encodeMessagePack)]);
  const entries = Object.entries(value as object).filter(([, each]) => each !== undefined);
  return Buffer.concat([head(0xdf, entries.length), ...entries.flat().map(encodeMessagePack)]);
}

/** A type byte and a length of 32 bits. */
function head(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(5, type);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
