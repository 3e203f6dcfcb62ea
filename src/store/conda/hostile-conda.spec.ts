import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeBzip2 } from '../../../test/kit/bzip2.ts';
import {
  type CondaPackageOptions,
  compressZstd,
  condaMembers,
  makeCondaPackage,
} from '../../../test/kit/conda-package.ts';
import { paxRecords, type TarEntry, type TarOptions, tarExtension, writeTar } from '../../../test/kit/tar.ts';
import { writeZip, type ZipEntry } from '../../../test/kit/zip.ts';
import { sha256 } from '../../schema/index.ts';
import { createStore, type Store } from '../index.ts';

const stem = 'evil-1.0-0';
const text = (content: string): Buffer => Buffer.from(content);
const pax = (records: Record<string, string>): Buffer => Buffer.concat(tarExtension('x', paxRecords(records)));
const json = (value: unknown): string => JSON.stringify(value);

/** An honest package with something more. */
const evil = (options: Partial<CondaPackageOptions>): Buffer =>
  makeCondaPackage({
    name: 'evil',
    version: '1.0',
    ...options,
    files: { 'lib/honest.txt': 'x\n', 'bin/honest': 'x\n', ...options.files },
  }).bytes;

type Case = readonly [what: string, code: string, message: RegExp, options: Partial<CondaPackageOptions>];
const hostile = 'HOSTILE_ARCHIVE';
const corrupt = 'CORRUPT_ARCHIVE';
const invalid = 'INVALID_PACKAGE';

const member = (what: string, message: RegExp, ...extra: TarEntry[]): Case => [what, hostile, message, { extra }];
const tarWith = (what: string, code: string, message: RegExp, tar: TarOptions): Case => [what, code, message, { tar }];
const listing = (what: string, message: RegExp, entry: Record<string, unknown>, code = invalid): Case => [
  what,
  code,
  message,
  {
    info: {
      'paths.json': json({
        paths_version: 1,
        paths: [{ _path: 'lib/honest.txt', path_type: 'hardlink', ...entry }],
      }),
    },
  },
];

const tricks: readonly Case[] = [
  member('a name that climbs out', /`\.\.\/\.\.\/etc\/evil` points outside/, { path: '../../etc/evil' }),
  member('a name that climbs out from inside', /points outside/, { path: 'lib/../../evil' }),
  member('a folder that climbs out', /`\.\.\/evil` points outside/, { path: '../evil/', type: '5' }),
  member('a link that climbs out', /`\.\.\/evil` points outside/, { path: '../evil', type: '2', target: 'x' }),
  member('an absolute name', /`\/etc\/evil` is an absolute path/, { path: '/etc/evil' }),
  member('a drive', /is an absolute path/, { path: 'C:/evil' }),
  member('a backslash', /has a character that cannot be/, { path: 'a\\..\\..\\b' }),
  member('a NUL', /has a character that cannot be/, { path: 'a', pax: { path: 'a\0b' } }),
  member('a control character', /has a character that cannot be/, { path: 'a\u001b[2Jb' }),
  member('no name', /a member has no name/, { path: '' }),
  member('a file named .', /`\.` points outside/, { path: '.' }),
  member('a dot within', /points outside/, { path: 'lib/./evil' }),
  member('two slashes', /points outside/, { path: 'lib//evil' }),
  member('a file with a slash at its end', /points outside/, { path: 'lib/evil/' }),
  member('a name that is not UTF-8', /whose name is not UTF-8/, { path: Buffer.from([0x61, 0xff]) }),
  member('a long part of a name', /has a part of 300 bytes/, { path: 'x'.repeat(300) }),
  member('a long name', /is 4999 characters long/, { path: 'x/'.repeat(2500).slice(0, -1) }),
  member('a character device', /`dev\/null` is a device/, { path: 'dev/null', type: '3' }),
  member('a block device', /is a device/, { path: 'dev/sda', type: '4' }),
  member('a pipe', /is a pipe/, { path: 'pipe', type: '6' }),
  member('a sparse file', /is a sparse file/, { path: 'sparse', type: 'S' }),
  member('a sparse file as pax has it', /has a sparse member/, { path: 's', pax: { 'GNU.sparse.major': '1' } }),
  member('a kind that is unknown', /is no file, link or folder/, { path: 'x', type: 'Z' }),
  member(
    'a file through a link',
    /`lib\/out\/evil` stands below `lib\/out`, which is a link/,
    { path: 'lib/out', type: '2', target: '/tmp' },
    { path: 'lib/out/evil', content: text('x') },
  ),
  member(
    'a file through a link inside of the package',
    /stands below `a`, which is a link/,
    { path: 'a', type: '2', target: 'lib' },
    { path: 'a/b/evil', content: text('x') },
  ),
  member('a link in the place of a folder', /`lib` is both a file and a folder/, {
    path: 'lib',
    type: '2',
    target: '/tmp',
  }),
  member('a hard link to somewhere else', /is a hard link to `\.\.\/\.\.\/etc\/passwd`/, {
    path: 'x',
    type: '1',
    target: '../../etc/passwd',
  }),
  member('a hard link to the system', /is a hard link to `\/etc\/passwd`/, {
    path: 'x',
    type: '1',
    target: '/etc/passwd',
  }),
  member(
    'a hard link to what comes later',
    /which is no file before it/,
    { path: 'x', type: '1', target: 'later' },
    { path: 'later' },
  ),
  member(
    'a hard link to a link',
    /which is no file before it/,
    { path: 'l', type: '2', target: '/etc/passwd' },
    { path: 'x', type: '1', target: 'l' },
  ),
  member('a hard link to itself', /which is no file before it/, { path: 'x', type: '1', target: 'x' }),
  member('a hard link to what describes the package', /is a hard link to `info\/index.json`/, {
    path: 'x',
    type: '1',
    target: 'info/index.json',
  }),
  member('a hard link with content', /is a hard link with content/, {
    path: 'x',
    type: '1',
    target: 'lib/honest.txt',
    content: text('y'),
  }),
  member('a link with content', /is a link with content/, { path: 'x', type: '2', target: 'y', content: text('y') }),
  member('a folder with content', /is a folder with content/, { path: 'x/', type: '5', content: text('y') }),
  member('the same name twice', /`lib\/honest.txt` is there twice/, { path: 'lib/honest.txt' }),
  member('the same name twice, with a dot', /`lib\/honest.txt` is there twice/, { path: './lib/honest.txt' }),
  member('a file where a folder is', /`lib` is both a file and a folder/, { path: 'lib' }),
  member('a folder where a file is', /`lib\/honest.txt` is there twice/, { path: 'lib/honest.txt/', type: '5' }),
  member('a file below a file', /stands below `lib\/honest.txt`, which is a file/, { path: 'lib/honest.txt/x' }),
  member('two names', /a member of its tar has two names/, {
    path: 'a',
    before: Buffer.concat([...tarExtension('L', text('b\0')), pax({ path: 'c' })]),
  }),
  member('a name for all', /gives one name to all members/, {
    path: 'a',
    before: Buffer.concat(tarExtension('g', paxRecords({ path: 'b' }))),
  }),
  member('two sizes', /`a` has two sizes/, { path: 'a', content: text('x'), pax: { size: '600' } }),
  member('another alphabet', /has names that are not UTF-8/, { path: 'a', pax: { hdrcharset: 'BINARY' } }),
  member('a pax name that is not UTF-8', /whose name is not UTF-8/, {
    path: 'a',
    before: Buffer.concat(tarExtension('x', Buffer.concat([text('11 path='), Buffer.from([0xff, 0xfe]), text('\n')]))),
  }),
  member('a huge header', /has a header of 2000000 bytes/, {
    path: 'a',
    before: Buffer.concat(tarExtension('x', Buffer.alloc(2_000_000))),
  }),
  [
    'a broken pax header',
    corrupt,
    /an extended header of its tar is damaged/,
    { extra: [{ path: 'a', before: Buffer.concat(tarExtension('x', text('99 path=x\n'))) }] },
  ],
  ['a broken header', corrupt, /a header of its tar is damaged/, { extra: [{ path: 'a', checksum: 1 }] }],
  ['an odd header', corrupt, /header of an unknown kind/, { extra: [{ path: 'a', magic: 'PK\0\0\0\0\0\0' }] }],
  ['a size behind the end', corrupt, /its tar is cut off/, { extra: [{ path: 'a', declaredSize: 99_999 }] }],
  tarWith('no end', corrupt, /its tar is cut off/, { endBlocks: 0 }),
  tarWith('half an end', corrupt, /its tar is cut off/, { endBlocks: 1 }),
  tarWith('half a block', corrupt, /its tar is cut off/, { trailing: Buffer.alloc(100) }),
  tarWith('something behind the end', hostile, /something behind its end/, {
    trailing: writeTar([{ path: 'evil' }]),
  }),
  [
    'a header at the end',
    corrupt,
    /ends in a header/,
    { tar: { endBlocks: 0, trailing: Buffer.concat([pax({ path: 'x' }), Buffer.alloc(1024)]) } },
  ],
  [
    'a link out of the prefix',
    hostile,
    /`lib\/out` is a link to `\.\.\/\.\.\/etc\/passwd`, outside of the prefix/,
    { files: { 'lib/out': { target: '../../etc/passwd' } } },
  ],
  ['a link to the folder above', hostile, /`out` is a link to `\.\.`, outside/, { files: { out: { target: '..' } } }],
  [
    'a link to a NUL',
    hostile,
    /a link to something that cannot be/,
    {
      extra: [{ path: 'out', type: '2', pax: { linkpath: 'x\0y' } }],
      info: { 'paths.json': json({ paths_version: 1, paths: [{ _path: 'out', path_type: 'softlink' }] }) },
    },
  ],
  ['a long link', hostile, /a link to something that cannot be/, { files: { out: { target: '/x'.repeat(3000) } } }],
  ['a link without a target', invalid, /`out` is a link without a target/, { files: { out: { target: '' } } }],
  listing('a file that is not there', /`lib\/gone` is listed, and is not there/, { _path: 'lib/gone' }),
  listing('a file that is a folder', /`lib` is listed, and is a folder/, { _path: 'lib' }),
  listing('a wrong digest', /`lib\/honest.txt` has the digest \w+, and `info\/paths.json` says 000/, {
    sha256: '0'.repeat(64),
  }),
  listing('a wrong size', /`lib\/honest.txt` has 2 bytes, and `info\/paths.json` says 3/, { size_in_bytes: 3 }),
  listing('a link that is a file', /`lib\/honest.txt` is a file, and `info\/paths.json` says a link/, {
    path_type: 'softlink',
  }),
  listing('a directory that is a file', /`lib\/honest.txt` is a file, and `info\/paths.json` says a directory/, {
    path_type: 'directory',
  }),
  listing('a directory below a file', /`lib\/honest.txt` is a file, and `info\/paths.json` says a directory/, {
    _path: 'lib/honest.txt/x',
    path_type: 'directory',
  }),
  listing(
    'a directory outside',
    /`\.\.\/evil`, which it lists, points outside/,
    { _path: '../evil', path_type: 'directory' },
    hostile,
  ),
  listing('an unknown type', /paths\.0\.path_type/, { path_type: 'fifo' }),
  listing('an unknown mode', /paths\.0\.file_mode/, { file_mode: 'hex', prefix_placeholder: '/x' }),
  listing('a digest that is none', /paths\.0\.sha256/, { sha256: 'x' }),
  [
    'paths.json of another version',
    invalid,
    /paths_version/,
    { info: { 'paths.json': json({ paths_version: 2, paths: [] }) } },
  ],
  ['paths.json that is no JSON', invalid, /`info\/paths.json` is no JSON/, { info: { 'paths.json': '{' } }],
  [
    'paths.json that says two things',
    invalid,
    /it lists `lib\/honest.txt` twice, in two ways/,
    {
      info: {
        'paths.json': json({
          paths_version: 1,
          paths: [
            { _path: 'lib/honest.txt', path_type: 'hardlink' },
            { _path: 'lib/honest.txt', path_type: 'hardlink', no_link: true },
          ],
        }),
      },
    },
  ],
  [
    'paths.json of a gigabyte',
    hostile,
    /`info\/paths.json` has 1000000000 bytes/,
    { info: { 'paths.json': undefined }, extraInfo: [{ path: 'info/paths.json', declaredSize: 1_000_000_000 }] },
  ],
  [
    'index.json of a gigabyte',
    hostile,
    /`info\/index.json` has 1000000000 bytes/,
    { info: { 'index.json': undefined }, extraInfo: [{ path: 'info/index.json', declaredSize: 1_000_000_000 }] },
  ],
  [
    'neither list',
    invalid,
    /neither `info\/paths.json` nor `info\/files`/,
    { info: { 'paths.json': undefined, files: undefined } },
  ],
  ['no index.json', invalid, /has no `info\/index.json`/, { info: { 'index.json': undefined } }],
  ['index.json that is a list', invalid, /info\/index.json/, { info: { 'index.json': '[]' } }],
  ['another name', invalid, /says that it is `good-1\.0-0`/, { index: { name: 'good' } }],
  ['another version', invalid, /says that it is `evil-1\.1-0`/, { index: { version: '1.1' } }],
  ['another build', invalid, /says that it is `evil-1\.0-1`/, { index: { build: '1' } }],
  ['a version that is a number', invalid, /version/, { index: { version: 1 } }],
  ['an unknown kind of noarch', invalid, /noarch/, { index: { noarch: 'ruby' } }],
  [
    'link.json of another version',
    invalid,
    /package_metadata_version/,
    { info: { 'link.json': json({ package_metadata_version: 2 }) } },
  ],
  [
    'a script that is named outside',
    hostile,
    /would make a script named `\.\.\/x`/,
    { noarch: 'python', entryPoints: ['../x = evil:main'] },
  ],
  ['an entry point that is none', invalid, /entry point `x`/, { noarch: 'python', entryPoints: ['x'] }],
  ['has_prefix with an odd line', invalid, /info\/has_prefix/, { old: true, info: { has_prefix: '/a text\n' } }],
  [
    'an old list with what is not there',
    invalid,
    /`lib\/gone` is listed/,
    { old: true, info: { files: 'lib/gone\n' } },
  ],
];

/** A `.conda` file of any two streams. */
const condaOf = (parts: Partial<Record<'info' | 'pkg', Uint8Array>>): Buffer => writeZip(members(parts));
const infoTar = (): Buffer =>
  writeTar([
    { path: 'info/index.json', content: text(json({ name: 'evil', version: '1.0', build: '0', build_number: 0 })) },
    { path: 'info/paths.json', content: text(json({ paths_version: 1, paths: [] })) },
  ]);
const members = (parts: Partial<Record<'info' | 'pkg', Uint8Array>> = {}): ZipEntry[] =>
  condaMembers(stem, { info: compressZstd(infoTar()), pkg: compressZstd(writeTar([])), ...parts });
const honestPart = (): Buffer => compressZstd(writeTar([{ path: 'a', content: text('some text '.repeat(999)) }]));
/** A frame's header with one empty block. */
const frame = (...header: number[]): Buffer => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...header, 1, 0, 0]);
const uint64 = (value: bigint): number[] => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return [...bytes];
};
/** Zeros without their number. */
const manyZeros = (): Buffer => {
  const unit = zstdCompressSync(Buffer.alloc(128 << 10), { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } });
  const block = unit.subarray(6);
  const inner = Buffer.from(block);
  inner[0] = (inner[0] as number) & ~1;
  return Buffer.concat([unit.subarray(0, 6), ...Array.from({ length: 1000 }, () => inner), block]);
};

const streams: readonly (readonly [what: string, code: string, message: RegExp, pkg: Uint8Array])[] = [
  ['two frames', hostile, /has bytes behind the end of its stream/, Buffer.concat([honestPart(), honestPart()])],
  ['something behind the frame', hostile, /has bytes behind the end/, Buffer.concat([honestPart(), text('x')])],
  [
    'a skippable frame behind',
    hostile,
    /has bytes behind/,
    Buffer.concat([honestPart(), Buffer.from('502a4d1800000000', 'hex')]),
  ],
  [
    'a skippable frame before',
    corrupt,
    /is no zstd stream/,
    Buffer.concat([Buffer.from('502a4d1800000000', 'hex'), honestPart()]),
  ],
  ['nothing', corrupt, /is cut off/, Buffer.alloc(0)],
  ['something else', corrupt, /is no zstd stream/, text('hello world')],
  ['a window of 256 MiB', hostile, /asks for 268435456 bytes of memory/, frame(0x00, 18 << 3)],
  ['a window of 3.75 TiB', hostile, /asks for \d{13} bytes of memory/, frame(0x00, 0xff)],
  ['one segment of 1 GiB', hostile, /asks for 1073741824 bytes/, frame(0xe0, ...uint64(2n ** 30n))],
  ['a size of 2^60', hostile, /would unpack to 11529215046068\d+ bytes/, frame(0xc0, 0x50, ...uint64(2n ** 60n))],
  ['a dictionary', hostile, /needs a dictionary/, frame(0x01, 0x50, 7)],
  ['a reserved bit', hostile, /needs a dictionary, or a newer reader/, frame(0x08, 0x50)],
  ['a reserved block', corrupt, /is damaged/, Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x50, 7, 0, 0])],
  ['zeros without end', hostile, /unpacks to more than 104857600 bytes/, manyZeros()],
];

const zips: readonly (readonly [what: string, code: string, message: RegExp, entries: () => ZipEntry[]])[] = [
  [
    'two packages',
    hostile,
    /more than one `pkg-\*\.tar\.zst`/,
    () => [...members(), { ...(members()[1] as ZipEntry), name: 'pkg-other.tar.zst' }],
  ],
  [
    'two packages, one in a folder',
    hostile,
    /more than one `pkg-/,
    () => [...members(), { ...(members()[1] as ZipEntry), name: `x/pkg-${stem}.tar.zst` }],
  ],
  [
    'parts of two packages',
    hostile,
    /are of two packages/,
    () => members().map((entry) => ({ ...entry, name: String(entry.name).replace('info-evil', 'info-good') })),
  ],
  ['no info', invalid, /has no `info-\*\.tar\.zst`/, () => members().slice(0, 2)],
  ['no package', invalid, /has no `pkg-/, () => [members()[0] as ZipEntry, members()[2] as ZipEntry]],
  ['no metadata.json', invalid, /has no `metadata.json`/, () => members().slice(1)],
  [
    'another version',
    invalid,
    /not of version 2 of the format/,
    () => [{ name: 'metadata.json', content: text('{"conda_pkg_format_version": 3}') }, ...members().slice(1)],
  ],
  [
    'metadata.json that is no JSON',
    invalid,
    /`metadata.json` is no JSON/,
    () => [{ name: 'metadata.json', content: text('hello') }, ...members().slice(1)],
  ],
  [
    'a large metadata.json',
    hostile,
    /its `metadata.json` has 2000000 bytes/,
    () => [{ name: 'metadata.json', content: Buffer.alloc(2_000_000) }, ...members().slice(1)],
  ],
  [
    'a method of another time',
    hostile,
    /compressed by a method/,
    () => members().map((entry) => ({ ...entry, method: 93 })),
  ],
  ['a name that climbs out', hostile, /points outside/, () => [...members(), { name: '../evil', content: text('x') }]],
  [
    'a wrong checksum',
    corrupt,
    /the checksum of `pkg-evil-1\.0-0\.tar\.zst` is wrong/,
    () =>
      members().map((entry) => ({
        ...entry,
        declaredCrc: String(entry.name).startsWith('pkg') ? 1 : crc32(entry.content),
      })),
  ],
  [
    'a size that lies',
    hostile,
    /stored and has two sizes/,
    () => members().map((entry) => ({ ...entry, declaredSize: 9 })),
  ],
  ['a link', hostile, /is a link/, () => [...members(), { name: 'x', content: text('/etc'), mode: 0o120777 }]],
  [
    'something else in the info',
    hostile,
    /`etc\/evil` is in the wrong part/,
    () => members({ info: compressZstd(writeTar([{ path: 'etc/evil' }])) }),
  ],
  [
    'what describes it in the package',
    hostile,
    /`info\/index.json` is in the wrong part/,
    () => members({ pkg: compressZstd(writeTar([{ path: 'info/index.json' }])) }),
  ],
];

const bzip2s: readonly (readonly [what: string, code: string, message: RegExp, bytes: () => Uint8Array])[] = [
  [
    'two streams',
    hostile,
    /has bytes behind the end of its stream/,
    () => Buffer.concat([evil({ format: 'tar.bz2' }), writeBzip2(text('x'))]),
  ],
  ['something behind', hostile, /has bytes behind/, () => Buffer.concat([evil({ format: 'tar.bz2' }), text('x')])],
  ['a wrong checksum', corrupt, /a block is damaged/, () => writeBzip2(infoTar(), { checksum: 1 })],
  ['a wrong checksum of a block', corrupt, /a block is damaged/, () => writeBzip2(infoTar(), { blockChecksum: 1 })],
  ['a randomised block', corrupt, /a block is damaged/, () => writeBzip2(infoTar(), { randomised: true })],
  ['an origin behind the block', corrupt, /a block is damaged/, () => writeBzip2(infoTar(), { origin: 99_999 })],
  ['a level that is none', corrupt, /is no bzip2 stream/, () => writeBzip2(infoTar(), { magic: 'BZh0' })],
  ['nothing', corrupt, /is no bzip2 stream/, () => Buffer.alloc(0)],
  ['something else', corrupt, /is no bzip2 stream/, () => text('hello world')],
  [
    'zeros without end',
    hostile,
    /unpacks to more than 104857600 bytes/,
    () => writeBzip2(Buffer.alloc(250_000), { repeat: 500 }),
  ],
  [
    'zeros in a file',
    hostile,
    /unpacks to more than 104857600 bytes/,
    () => {
      // A header, and then so much that its size must be true.
      const [header] = [writeTar([{ path: 'zeros', declaredSize: 2 ** 32 }], { endBlocks: 0 })];
      return writeBzip2(Buffer.concat([header, Buffer.alloc(512 * 500 - header.length)]), { repeat: 500 });
    },
  ],
];

describe('hostile conda packages', () => {
  let root: string;
  let store: Store;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-hostile-'));
    store = createStore({ root: join(root, 'store'), threads: 2 });
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const unpack = async (bytes: Uint8Array, filename: string): Promise<unknown> => {
    const digest = sha256(bytes);
    await store.ensureArchive({ sha256: digest, filename }, async (file) => await writeFile(file, bytes));
    return await store.ensureConda(digest, filename);
  };
  const expectRefusal = async (bytes: Uint8Array, filename: string, code: string, message: RegExp): Promise<void> => {
    const before = await readdir(root);
    await expect(unpack(bytes, filename)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await store.findConda(sha256(bytes))).toBeUndefined();
    expect(await readdir(join(root, 'store', 'tmp'))).toEqual([]);
    expect(await readdir(root)).toEqual(before);
  };

  it.each(['conda', 'tar.bz2'] as const)('lets an honest %s in', async (format) => {
    expect(await unpack(evil({ format }), `${stem}.${format}`)).toMatchObject({ name: 'evil' });
  });

  describe.each(['conda', 'tar.bz2'] as const)('in a %s', (format) => {
    it.each(tricks)('refuses %s', async (_what, code, message, options) => {
      await expectRefusal(evil({ ...options, format }), `${stem}.${format}`, code, message);
    });
  });

  it.each(streams)('refuses a zstd stream with %s', async (_what, code, message, pkg) => {
    await expectRefusal(condaOf({ pkg }), `${stem}.conda`, code, message);
  });

  it.each(zips)('refuses a zip with %s', async (_what, code, message, entries) => {
    await expectRefusal(writeZip(entries()), `${stem}.conda`, code, message);
  });

  it.each(bzip2s)('refuses a bzip2 stream with %s', async (_what, code, message, bytes) => {
    await expectRefusal(bytes(), `${stem}.tar.bz2`, code, message);
  });
});
