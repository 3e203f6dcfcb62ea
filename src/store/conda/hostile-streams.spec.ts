import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { describe, it } from 'vitest';
import { writeBzip2 } from '../../../test/kit/bzip2.ts';
import { corrupt, evil, hostile, invalid, refusingStore, stem } from '../../../test/kit/conda/refusals.ts';
import { compressZstd, condaMembers } from '../../../test/kit/conda-package.ts';
import { writeTar } from '../../../test/kit/tar.ts';
import { writeZip, type ZipEntry } from '../../../test/kit/zip.ts';

const text = (content: string): Buffer => Buffer.from(content);
const json = (value: unknown): string => JSON.stringify(value);
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

describe('hostile streams in conda packages', () => {
  const { expectRefusal } = refusingStore();

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
