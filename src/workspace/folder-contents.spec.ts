import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../schema/index.ts';
import { createFolderContents, type FolderContents } from './folder-contents.ts';

describe('contents in a folder', () => {
  let folder: string;
  let blobs: FolderContents;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-blobs-'));
    blobs = createFolderContents(join(folder, 'blobs'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const names = async () => (await readdir(join(folder, 'blobs'), { recursive: true })).sort();
  const file = async (content: string) => {
    const path = join(folder, `file-${sha256(content).slice(0, 8)}`);
    await writeFile(path, content);
    return path;
  };
  const damage = async (digest: string, content: string) => {
    await chmod(blobs.path(digest), 0o644);
    await writeFile(blobs.path(digest), content);
  };

  it.each([
    ['a text', 'grüße\r\n'],
    ['nothing', ''],
    ['bytes', Uint8Array.from([0, 255, 10, 128])],
  ])('keeps %s under its digest, read-only, as an OCI registry would', async (_title, content) => {
    const digest = sha256(content);
    expect(await blobs.size(digest)).toBeUndefined();
    expect(await blobs.put(content)).toEqual({ digest, size: Buffer.byteLength(content) });
    expect(await blobs.put(content)).toEqual({ digest, size: Buffer.byteLength(content) });
    expect(await blobs.size(digest)).toBeDefined();
    expect(await blobs.read(digest)).toEqual(Buffer.from(content));
    expect(await names()).toEqual(['sha256', `sha256/${digest.slice(0, 2)}`, `sha256/${digest.slice(0, 2)}/${digest}`]);
    expect((await stat(blobs.path(digest))).mode & 0o777).toBe(0o444);
  });

  it('takes files in as copies, or as links where asked to', async () => {
    const path = await file('content');
    const copied = await blobs.putFile(path);
    expect(copied).toEqual({ digest: sha256('content'), size: 7 });
    expect((await stat(blobs.path(copied.digest))).ino).not.toBe((await stat(path)).ino);
    expect((await stat(blobs.path(copied.digest))).mode & 0o777).toBe(0o444);
    const other = await file('other');
    const linked = await blobs.putFile(other, { link: true, digest: sha256('other') });
    expect(linked).toEqual({ digest: sha256('other'), size: 5 });
    expect((await stat(blobs.path(linked.digest))).ino).toBe((await stat(other)).ino);
    expect((await names()).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('copies where a link cannot be had', async () => {
    const elsewhere = await mkdtemp('/dev/shm/terroir-blobs-').catch(() => undefined);
    if (elsewhere === undefined) return;
    try {
      await writeFile(join(elsewhere, 'file'), 'content');
      const { digest } = await blobs.putFile(join(elsewhere, 'file'), { link: true });
      expect((await blobs.read(digest)).toString()).toBe('content');
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it('trusts no digest that it is told when it copies', async () => {
    const path = await file('content');
    const wrong = blobs.putFile(path, { digest: sha256('something else') });
    await expect(wrong).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await blobs.size(sha256('something else'))).toBeUndefined();
    expect((await names()).filter((name) => name !== 'sha256')).toEqual([]);
  });

  it('keeps one sound blob when many put the same at once', async () => {
    const content = 'x'.repeat(3_000_000);
    const path = await file(content);
    await Promise.all(Array.from({ length: 24 }, (_, index) => (index % 2 ? blobs.putFile(path) : blobs.put(content))));
    expect(await blobs.verify()).toEqual({ checked: 1, damaged: [] });
    expect((await names()).length).toBe(3);
  });

  it('does not read what was altered, and says which file', async () => {
    const { digest } = await blobs.put('content');
    await damage(digest, 'CONTENT');
    await expect(blobs.read(digest)).rejects.toMatchObject({
      code: 'CORRUPT_STORE',
      message: expect.stringContaining(blobs.path(digest)),
    });
    await expect(blobs.read('0'.repeat(64))).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
  });

  it.each(['put', 'putFile', 'link'] as const)(
    'repairs a truncated blob when the content comes again (%s)',
    async (how) => {
      const { digest } = await blobs.put('content');
      await damage(digest, 'con');
      const path = await file('content');
      if (how === 'put') await blobs.put('content');
      else await blobs.putFile(path, { link: how === 'link' });
      expect((await blobs.read(digest)).toString()).toBe('content');
    },
  );

  it('verifies everything that is there', async () => {
    const { digest: sound } = await blobs.put('sound');
    const { digest: broken } = await blobs.put('broken');
    await damage(broken, 'brOken');
    const stranger = join(dirname(blobs.path(sound)), 'README');
    await writeFile(stranger, 'hello');
    await writeFile(join(dirname(blobs.path(sound)), 'x.1.tmp'), 'half');
    const { checked, damaged } = await blobs.verify();
    expect(checked).toBe(3);
    expect(damaged.map(({ path }) => path).sort()).toEqual([blobs.path(broken), stranger].sort());
  });

  it('has nothing to verify or to remove where nothing was ever put', async () => {
    expect(await blobs.verify()).toEqual({ checked: 0, damaged: [] });
    expect(await blobs.gc(new Set())).toEqual({ removed: 0, bytes: 0 });
  });

  it('refuses what is no digest', () => {
    for (const name of ['', '../../etc/passwd', 'A'.repeat(64), `${'a'.repeat(64)}/x`]) {
      expect(() => blobs.path(name)).toThrow('no digest');
    }
  });

  describe('gc', () => {
    it('removes what is not kept and what killed processes left, and tells how much', async () => {
      const { digest: kept } = await blobs.put('kept');
      const { digest: loose } = await blobs.put('loose content');
      await writeFile(join(dirname(blobs.path(kept)), 'x.1.tmp'), '12');
      await writeFile(join(folder, 'blobs', 'sha256', '1.ab.tmp'), '345');
      const expected = { removed: 3, bytes: 'loose content'.length + 5 };
      expect(await blobs.gc(new Set([kept]), { minimumAge: -1, dryRun: true })).toEqual(expected);
      expect(await blobs.size(loose)).toBeDefined();
      expect(await blobs.gc(new Set([kept]), { minimumAge: -1 })).toEqual(expected);
      expect(await blobs.size(loose)).toBeUndefined();
      expect((await blobs.read(kept)).toString()).toBe('kept');
      expect((await names()).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    });

    it('spares what came in lately, also as a link to an old file', async () => {
      const path = await file('old');
      await utimes(path, 0, 0);
      const { digest } = await blobs.putFile(path, { link: true });
      expect((await stat(blobs.path(digest))).mtimeMs).toBe(0);
      expect(await blobs.gc(new Set())).toEqual({ removed: 0, bytes: 0 });
      expect(await blobs.size(digest)).toBeDefined();
    });

    it('counts no bytes that stay on the disk under another name', async () => {
      const { digest } = await blobs.put('shared');
      await mkdir(join(folder, 'elsewhere'));
      await link(blobs.path(digest), join(folder, 'elsewhere', 'x'));
      expect(await blobs.gc(new Set(), { minimumAge: -1 })).toEqual({ removed: 1, bytes: 0 });
      expect(await readFile(join(folder, 'elsewhere', 'x'), 'utf8')).toBe('shared');
    });
  });
});
