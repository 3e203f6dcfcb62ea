import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createElsewhere } from '../../test/kit/workspace/elsewhere.ts';
import { sha256 } from '../schema/index.ts';
import { type BlobStore, createBlobStore } from './blobs.ts';
import { createContentRows } from './content-rows.ts';
import { openDatabase } from './database.ts';
import { createFolderContents, type FolderContents } from './folder-contents.ts';
import type { Connection } from './transaction.ts';

const large = 'x'.repeat(3 << 20);

describe.each(['in the workspace’s folder', 'elsewhere'] as const)('contents %s', (where) => {
  let root: string;
  let database: Connection;
  let folder: FolderContents;
  let blobs: BlobStore;
  let there: Map<string, Buffer>;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-blobs-'));
    database = await openDatabase(join(root, 'workspace'));
    there = new Map();
    open('folder');
  });
  afterEach(async () => {
    await database.destroy();
    await rm(root, { recursive: true, force: true });
  });
  /** As a machine with a folder of its own. */
  const open = (name: string): void => {
    folder = createFolderContents(join(root, name));
    const external = where === 'elsewhere' ? createElsewhere(there) : undefined;
    blobs = createBlobStore({ rows: createContentRows(database), folder, external });
  };
  const files = async () => (await readdir(root, { recursive: true })).filter((name) => /[0-9a-f]{64}$/.test(name));
  const file = async (content: string) => {
    const path = join(root, `file-${sha256(content).slice(0, 8)}`);
    await writeFile(path, content);
    return path;
  };
  const textOf = async (digest: string) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of blobs.stream(digest)) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  };

  it.each([
    ['a small text', 'grüße\r\n'],
    ['nothing', ''],
    ['a large one', large],
  ])('come out as they went in: %s', async (_title, content) => {
    const digest = sha256(content);
    const size = Buffer.byteLength(content);
    expect(await blobs.size(digest)).toBeUndefined();
    expect(await blobs.find(digest)).toBeUndefined();
    expect(await blobs.put(content)).toEqual({ digest, size });
    expect(await blobs.put(content)).toEqual({ digest, size });
    expect(await blobs.putFile(await file(content))).toEqual({ digest, size });
    expect(await blobs.size(digest)).toBe(size);
    expect((await blobs.read(digest)).toString()).toBe(content);
    expect(await textOf(digest)).toBe(content);
    expect(await readFile((await blobs.find(digest)) ?? '', 'utf8')).toBe(content);
    expect((await blobs.verify()).damaged).toEqual([]);
  });

  it('make no file if they are small', async () => {
    await blobs.put('small');
    await blobs.putFile(await file('also small'));
    if (where === 'in the workspace’s folder') expect(await files()).toEqual([]);
    await blobs.put(large);
    expect(await files()).toContain(`folder/sha256/${sha256(large).slice(0, 2)}/${sha256(large)}`);
  });

  it('take what comes over the network only if it is what was announced', async () => {
    const options = { digest: sha256('right'), limit: 100, patience: 1000 };
    const wrong = blobs.receive(pieces('wrong'), options);
    await expect(wrong).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await blobs.size(options.digest)).toBeUndefined();
    expect(await blobs.receive(pieces('right'), options)).toEqual({ digest: options.digest, size: 5 });
    expect((await blobs.read(options.digest)).toString()).toBe('right');
    const wrongFile = blobs.putFile(await file('content'), { digest: sha256('something else') });
    await expect(wrongFile).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('come in once when many put the same at once', async () => {
    await Promise.all(Array.from({ length: 300 }, (_, index) => blobs.put(`text ${index % 7}`)));
    const rows = await database.selectFrom('contents').select('digest').execute();
    expect(rows).toHaveLength(7);
  });

  it('are not read when they were altered', async () => {
    const { digest } = await blobs.put('content');
    await database
      .updateTable('contents')
      .set({ bytes: Buffer.from('CONTENT') })
      .execute();
    await expect(blobs.read(digest)).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
    expect((await blobs.verify()).damaged).toHaveLength(1);
    await expect(blobs.read('0'.repeat(64))).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
  });

  it('that may be lists are told from others', async () => {
    const short = await blobs.put('["a"]');
    const long = await blobs.put(`{"x": "${large}"}`);
    const { digest: text } = await blobs.put('name: iris');
    expect((await blobs.readList(short.digest))?.toString()).toBe('["a"]');
    expect((await blobs.readList(long.digest))?.length).toBe(long.size);
    expect(await blobs.readList(text)).toBeUndefined();
    expect(await blobs.readList((await blobs.put(large)).digest)).toBeUndefined();
  });

  it('go when nothing names them, and not before a day after they were asked for', async () => {
    const { digest: kept } = await blobs.put('kept');
    const { digest: loose } = await blobs.put('loose');
    const keep = new Set([kept]);
    const age = async (hours: number) =>
      await database
        .updateTable('contents')
        .set({ touched_at: new Date(Date.now() - hours * 3_600_000).toISOString() })
        .execute();
    expect(await blobs.gc(keep)).toMatchObject({ removed: 0 });
    await age(20);
    expect(await blobs.size(loose)).toBe(5);
    await database.updateTable('contents').set({ touched_at: '2020' }).where('digest', '=', kept).execute();
    expect(await blobs.gc(keep)).toMatchObject({ removed: 0 });
    await age(30);
    expect(await blobs.gc(keep, { dryRun: true })).toMatchObject({ removed: 1, bytes: 5 });
    expect(await blobs.gc(keep)).toMatchObject({ removed: 1, bytes: 5 });
    expect(await blobs.size(loose)).toBeUndefined();
    expect((await blobs.read(kept)).toString()).toBe('kept');
  });

  if (where === 'elsewhere') {
    it('are there for another machine', async () => {
      const { digest } = await blobs.put(large);
      const archive = await blobs.putFile(await file(`wheel ${large}`), { link: true });
      open('other folder');
      expect(await blobs.find(digest, { here: true })).toBeUndefined();
      expect((await blobs.read(digest)).toString()).toBe(large);
      expect(await readFile((await blobs.find(archive.digest)) ?? '', 'utf8')).toBe(`wheel ${large}`);
      const before = there.size;
      await blobs.put(large);
      expect(there.size).toBe(before);
    });

    it('are brought again where the copy of this machine was damaged', async () => {
      const { digest } = await blobs.put(large);
      await chmod(folder.path(digest), 0o644);
      for (const damage of ['half', large.replace('x', 'y')]) {
        await writeFile(folder.path(digest), damage);
        expect((await blobs.read(digest)).toString()).toBe(large);
        await chmod(folder.path(digest), 0o644);
      }
    });

    it('that lie are refused, and leave nothing', async () => {
      const { digest } = await blobs.put(large);
      open('other folder');
      for (const place of there.keys()) there.set(place, Buffer.from(large.replace('x', 'y')));
      await expect(blobs.read(digest)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(await stat(folder.path(digest)).catch(() => 'gone')).toBe('gone');
    });

    it('go there, too', async () => {
      await blobs.put(large);
      await blobs.gc(new Set(), { minimumAge: -1 });
      expect(there.size).toBe(0);
      expect(await files()).toEqual([]);
    });
  }
});

async function* pieces(text: string) {
  yield await Promise.resolve(Buffer.from(text));
}
