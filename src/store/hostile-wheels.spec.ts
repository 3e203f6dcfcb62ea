import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWheel } from '../../test/kit/wheel.ts';
import { writeZip, type ZipEntry } from '../../test/kit/zip.ts';
import { sha256 } from '../schema/index.ts';
import { createStore, type Store } from './index.ts';

const text = (content: string): Uint8Array => Buffer.from(content);

/** The members of an honest wheel, for others to stand beside. */
function honest(): ZipEntry[] {
  const record = 'evil-1.0.dist-info/RECORD,,\n';
  return [
    { name: 'evil/__init__.py', content: text('x = 1\n') },
    { name: 'evil-1.0.dist-info/METADATA', content: text('Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n') },
    {
      name: 'evil-1.0.dist-info/WHEEL',
      content: text('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
    },
    { name: 'evil-1.0.dist-info/RECORD', content: text(record) },
  ];
}

const big = Buffer.alloc(6_000_000, 'ab');
const hostile: readonly (readonly [what: string, code: string, message: RegExp, entries: ZipEntry[]])[] = [
  [
    'a name that climbs out',
    'HOSTILE_ARCHIVE',
    /`\.\.\/\.\.\/etc\/evil` points outside/,
    [{ name: '../../etc/evil', content: text('') }],
  ],
  [
    'a name that climbs out from inside',
    'HOSTILE_ARCHIVE',
    /points outside/,
    [{ name: 'evil/../../x', content: text('') }],
  ],
  [
    'an absolute name',
    'HOSTILE_ARCHIVE',
    /`\/etc\/evil` is an absolute path/,
    [{ name: '/etc/evil', content: text('') }],
  ],
  ['a drive', 'HOSTILE_ARCHIVE', /is an absolute path/, [{ name: 'C:/evil', content: text('') }]],
  [
    'a backslash',
    'HOSTILE_ARCHIVE',
    /has a character that cannot be in a name/,
    [{ name: 'a\\..\\b', content: text('') }],
  ],
  ['a NUL', 'HOSTILE_ARCHIVE', /has a character that cannot be in a name/, [{ name: 'a\0b', content: text('') }]],
  [
    'a name that is not UTF-8',
    'HOSTILE_ARCHIVE',
    /whose name is not UTF-8/,
    [{ name: Buffer.from([0x61, 0xff, 0xfe]), localName: 'a', content: text('') }],
  ],
  ['a very long name', 'HOSTILE_ARCHIVE', /has a part of 300 bytes/, [{ name: 'x'.repeat(300), content: text('') }]],
  [
    'a link',
    'HOSTILE_ARCHIVE',
    /`evil\/link` is a link/,
    [{ name: 'evil/link', content: text('/etc/passwd'), mode: 0o120777 }],
  ],
  ['a device', 'HOSTILE_ARCHIVE', /is no ordinary file/, [{ name: 'evil/null', content: text(''), mode: 0o020666 }]],
  [
    'the same name twice',
    'HOSTILE_ARCHIVE',
    /`evil\/__init__.py` is there twice/,
    [{ name: 'evil/__init__.py', content: text('y') }],
  ],
  [
    'a file where a folder is',
    'HOSTILE_ARCHIVE',
    /`evil` is both a file and a folder/,
    [{ name: 'evil', content: text('y') }],
  ],
  ['an encrypted member', 'HOSTILE_ARCHIVE', /is encrypted/, [{ name: 'evil/a', content: text('y'), flags: 1 }]],
  [
    'another compression',
    'HOSTILE_ARCHIVE',
    /compressed by a method/,
    [{ name: 'evil/a', content: text('y'), method: 12 }],
  ],
  [
    'another name in its own header',
    'HOSTILE_ARCHIVE',
    /has another name in its own header/,
    [{ name: 'evil/a', localName: 'evil/b', content: text('y') }],
  ],
  [
    'a member longer than declared',
    'HOSTILE_ARCHIVE',
    /does not have the size that it declares/,
    [{ name: 'evil/a', content: text('long content'), declaredSize: 4 }],
  ],
  [
    'a member shorter than declared',
    'HOSTILE_ARCHIVE',
    /does not have the size that it declares/,
    [{ name: 'evil/a', content: text('short'), declaredSize: 4000 }],
  ],
  [
    'a large member longer than declared',
    'HOSTILE_ARCHIVE',
    /does not have the size that it declares/,
    [{ name: 'evil/a', content: big, declaredSize: 5_500_000 }],
  ],
  [
    'a large member shorter than declared',
    'HOSTILE_ARCHIVE',
    /does not have the size that it declares/,
    [{ name: 'evil/a', content: big, declaredSize: 6_500_000 }],
  ],
  [
    'a wrong checksum',
    'CORRUPT_ARCHIVE',
    /the checksum of `evil\/a` is wrong/,
    [{ name: 'evil/a', content: text('y'), declaredCrc: 1 }],
  ],
  [
    'a wrong checksum of a large member',
    'CORRUPT_ARCHIVE',
    /the checksum of `evil\/a` is wrong/,
    [{ name: 'evil/a', content: big, declaredCrc: 1 }],
  ],
  [
    'bytes behind a stream',
    'HOSTILE_ARCHIVE',
    /bytes behind the end of its stream/,
    [{ name: 'evil/a', content: text('y'), trailing: deflateRawSync(text('smuggled')) }],
  ],
  [
    'bytes behind a large stream',
    'HOSTILE_ARCHIVE',
    /bytes behind the end of its stream/,
    [{ name: 'evil/a', content: big, trailing: deflateRawSync(text('smuggled')) }],
  ],
  [
    'a decompression bomb',
    'HOSTILE_ARCHIVE',
    /would unpack to 400000000 bytes/,
    [{ name: 'evil/a', content: Buffer.alloc(400_000), declaredSize: 400_000_000 }],
  ],
  [
    'a script that is named outside',
    'HOSTILE_ARCHIVE',
    /would make a script named `\.\.\/x`/,
    [{ name: 'evil-1.0.dist-info/entry_points.txt', content: text('[console_scripts]\n../x = evil:main\n') }],
  ],
];

describe('hostile wheels', () => {
  let root: string;
  let store: Store;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-hostile-'));
    store = createStore({ root: join(root, 'store'), threads: 2 });
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const unpack = async (bytes: Uint8Array, filename: string) => {
    const digest = sha256(bytes);
    const file = join(root, 'incoming');
    await store.ensureArchive({ sha256: digest, filename }, async (target) => await writeFile(target, bytes));
    await rm(file, { force: true });
    return await store.ensureWheel(digest, filename);
  };

  it('lets an honest wheel in', async () => {
    const wheel = makeWheel({
      name: 'good',
      version: '1.0',
      scripts: { tool: '#!python\nprint(1)\n' },
      entryPoints: { console_scripts: { good: 'good:main' } },
    });
    const unpacked = await unpack(wheel.bytes, wheel.filename);
    expect(unpacked).toMatchObject({
      name: 'good',
      version: '1.0',
      consoleScripts: [{ name: 'good', module: 'good', object: 'main' }],
      pythonScripts: [{ path: 'good-1.0.data/scripts/tool', body: 'print(1)\n' }],
    });
    expect(await store.ensureWheel(wheel.sha256, wheel.filename)).toEqual(unpacked);
  });

  it.each(hostile)('refuses %s, and keeps nothing of it', async (_what, code, message, entries) => {
    const bytes = writeZip([...honest(), ...entries]);
    const before = await readdir(root);
    await expect(unpack(bytes, 'evil-1.0-py3-none-any.whl')).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(await store.findWheel(sha256(bytes))).toBeUndefined();
    expect(await store.hasArchive(sha256(bytes))).toBe(false);
    expect(await readdir(join(root, 'store', 'tmp'))).toEqual([]);
    expect(await readdir(root)).toEqual(before);
  });

  it('refuses a wheel that was cut off at any place', async () => {
    const { bytes, filename } = makeWheel({ name: 'cut', version: '1.0' });
    for (const length of [0, 1, 30, 100, bytes.length - 200, bytes.length - 22, bytes.length - 1]) {
      await expect(unpack(bytes.subarray(0, length), filename)).rejects.toMatchObject({ code: 'CORRUPT_ARCHIVE' });
    }
  });

  it('never accepts a wheel with a flipped byte as another one', async () => {
    const { bytes, filename, sha256: digest } = makeWheel({ name: 'flip', version: '1.0' });
    const changed = Buffer.from(bytes);
    changed[60] = (changed[60] ?? 0) ^ 1;
    const ensured = store.ensureArchive(
      { sha256: digest, filename },
      async (target) => await writeFile(target, changed),
    );
    await expect(ensured).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await store.hasArchive(digest)).toBe(false);
  });

  it('refuses what is no wheel', async () => {
    const members = honest();
    const newer = members.map((entry) =>
      String(entry.name).endsWith('WHEEL') ? { ...entry, content: text('Wheel-Version: 2.0\n') } : entry,
    );
    await expect(unpack(writeZip(newer), 'evil-1.0-py3-none-any.whl')).rejects.toMatchObject({
      code: 'INVALID_WHEEL',
      message: expect.stringContaining('wheel version `2.0`'),
    });
    const bare = members.filter(({ name }) => !String(name).includes('dist-info'));
    await expect(unpack(writeZip(bare), 'evil-1.0-py3-none-any.whl')).rejects.toMatchObject({ code: 'INVALID_WHEEL' });
  });
});
