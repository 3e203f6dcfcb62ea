import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extraField, writeZip, type ZipEntry, type ZipOptions } from '../../../test/kit/zip.ts';
import { sha256 } from '../../schema/index.ts';
import { createStore, readRecordLines, type Store, type UnpackedWheel } from '../index.ts';

const text = (content: string): Uint8Array => Buffer.from(content);

const honest: readonly ZipEntry[] = [
  { name: 'odd/__init__.py', content: text('x = 1\n') },
  { name: 'odd-1.0.dist-info/METADATA', content: text('Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n') },
  { name: 'odd-1.0.dist-info/WHEEL', content: text('Wheel-Version: 1.0\nTag: py3-none-any\n') },
  { name: 'odd-1.0.dist-info/RECORD', content: text('') },
];

/** Larger than what is inflated whole. */
const big = Buffer.alloc(6_000_000, 'abc');
const many = (name: string, entry: Partial<ZipEntry> = {}): ZipEntry => ({
  name,
  content: text('some text '.repeat(20)),
  ...entry,
});

/** An Info-ZIP unicode path: version, checksum of the other name, the name. */
function unicodePath(name: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(1, 0);
  head.writeUInt32LE(crc32(Buffer.from('odd/a')), 1);
  return extraField(0x7075, Buffer.concat([head, Buffer.from(name)]));
}

/** The stream of `size` zeros, made without ever having them. */
function zeros(size: number): Buffer {
  const unit = 16 << 20;
  const piece = deflateRawSync(Buffer.alloc(unit), { finishFlush: constants.Z_FULL_FLUSH });
  const rest = deflateRawSync(Buffer.alloc(size % unit));
  return Buffer.concat([...Array.from({ length: Math.floor(size / unit) }, () => piece), rest]);
}

const endRecord = writeZip([]);
const four = 2 ** 32;

/** For what is no mistake. */
const anything = /$/;

type Case = readonly [what: string, message: RegExp, entries: readonly ZipEntry[], options?: ZipOptions];

interface Row {
  what: string;
  message: RegExp;
  entries: readonly ZipEntry[];
  options: ZipOptions | undefined;
}

const rows = (cases: readonly Case[]): Row[] =>
  cases.map(([what, message, entries, options]) => ({ what, message, entries, options }));

const hostile: readonly Case[] = [
  ['bytes before the first member', /bytes before its first member/, [], { before: text('#!/bin/sh\n') }],
  [
    'bytes between members',
    /bytes behind `odd\/a` that belong to no member/,
    [many('odd/a', { behind: text('gap') }), many('odd/b')],
  ],
  [
    'a member that the directory does not list',
    /belong to no member/,
    [many('odd/a', { behind: writeZip([many('odd/hidden')]).subarray(0, 90) })],
  ],
  ['bytes behind a large member', /bytes behind `odd\/a`/, [many('odd/a', { content: big, behind: text('gap') })]],
  ['bytes before the directory', /that belong to no member/, [], { beforeDirectory: text('gap') }],
  ['bytes behind the directory', /does not end where its end record begins/, [], { behindDirectory: text('gap') }],
  ['a second end record in the comment', /end record/, [], { comment: Buffer.concat([endRecord, text('x')]) }],
  ['an end record in a comment of a member', /hides an end record/, [many('odd/a', { comment: endRecord })]],
  ['members that share bytes', /shares bytes with another member/, [many('odd/a', { declaredOffset: 5 })]],
  ['a count of members that is too small', /belong to no member/, [], { end: { members: 3 } }],
  [
    'a descriptor with another size',
    /the descriptor behind `odd\/a` disagrees/,
    [many('odd/a', { descriptor: 'signed', descriptorSize: 3 })],
  ],
  [
    'a wide descriptor with another size',
    /descriptor behind/,
    [many('odd/a', { descriptor: 'wide', descriptorSize: 3 })],
  ],
  ['a descriptor that nobody announced', /belong to no member/, [many('odd/a', { behind: Buffer.alloc(12) })]],
  ['a descriptor that is missing', /descriptor behind/, [many('odd/a', { flags: 8 })]],
  [
    'a descriptor that only one header announces',
    /another kind in its own header/,
    [many('odd/a', { descriptor: 'signed', localFlags: 0x800 })],
  ],
  [
    'a large member whose descriptor differs',
    /descriptor behind/,
    [many('odd/a', { content: big, descriptor: 'plain', descriptorSize: 1 })],
  ],
  ['another size in the local header', /another size in its own header/, [many('odd/a', { localSize: 7 })]],
  ['another checksum in the local header', /another checksum in its own header/, [many('odd/a', { localCrc: 7 })]],
  ['another method in the local header', /another method in its own header/, [many('odd/a', { localMethod: 0 })]],
  [
    'another size in a local zip64 field',
    /another size in its own header/,
    [many('odd/a', { zip64: 'local', zip64Size: 7 })],
  ],
  [
    'two zip64 fields',
    /two zip64 fields/,
    [many('odd/a', { zip64: 'local', localExtra: extraField(1, Buffer.alloc(16)) })],
  ],
  [
    'an impossible zip64 size',
    /size that cannot be/,
    [many('odd/a', { declaredSize: 0xffffffff, extra: extraField(1, Buffer.alloc(8, 255)) })],
  ],
  ['a unicode path that is another one', /has a second name/, [many('odd/a', { extra: unicodePath('odd/evil') })]],
  ['a unicode path in the local header', /has a second name/, [many('odd/a', { localExtra: unicodePath('odd/evil') })]],
  ['end records that disagree on the directory', /end records disagree/, [], { zip64: true, end: { offset: 1 } }],
  ['end records that disagree on the members', /end records disagree/, [], { zip64: true, end64: { members: 3 } }],
  ['a zip64 end record somewhere else', /not where it says/, [], { zip64: true, end64: { place: 0 } }],
  [
    'a folder with content',
    /the folder `odd\/sub\/` has content/,
    [{ name: 'odd/sub/', content: text('x'), mode: 0o040755 }],
  ],
  ['a stored member with two sizes', /stored and has two sizes/, [many('odd/a', { stored: true, declaredSize: 1 })]],
  [
    'a member longer than declared by 4 GiB',
    /does not have the size that it declares \(5 bytes\)/,
    [{ name: 'odd/a', content: Buffer.alloc(5), body: zeros(four + 5) }],
  ],
  [
    'a large one longer by 4 GiB',
    /does not have the size/,
    [{ name: 'odd/a', content: Buffer.alloc(5_000_000), body: zeros(four + 5_000_000) }],
  ],
];

const corrupt: readonly Case[] = [
  ['an extra field that is cut off', /broken extra field/, [many('odd/a', { extra: Buffer.from([1, 0, 9, 0, 1]) })]],
  [
    'a zip64 field that is too short',
    /zip64 field that is too short/,
    [many('odd/a', { declaredSize: 0xffffffff, extra: extraField(1, Buffer.alloc(4)) })],
  ],
  ['more members than the directory has', /directory is (?:damaged|cut off)/, [], { end: { members: 9 } }],
];

const odd: readonly Case[] = [
  ...(['plain', 'signed', 'wide', 'wide-signed'] as const).flatMap((descriptor): Case[] => [
    [`a ${descriptor} descriptor`, anything, [many('odd/a', { descriptor }), many('odd/b')]],
    [`a ${descriptor} descriptor behind a large member`, anything, [many('odd/a', { descriptor, content: big })]],
  ]),
  ['a descriptor behind a stored member', anything, [many('odd/a', { descriptor: 'signed', stored: true })]],
  ['sizes in local zip64 fields', anything, [many('odd/a', { zip64: 'local' })]],
  ['sizes in zip64 fields', anything, [many('odd/a', { zip64: 'both' }), many('odd/b')]],
  ['a zip64 field and a descriptor', anything, [many('odd/a', { zip64: 'local', descriptor: 'wide-signed' })]],
  ['a large stored member', anything, [many('odd/a', { stored: true, content: big })]],
  ['a unicode path that is the name', anything, [many('odd/a', { extra: unicodePath('odd/a') })]],
  [
    'other extra fields, and padding',
    anything,
    [
      many('odd/a', {
        extra: extraField(0x5455, Buffer.alloc(5)),
        localExtra: Buffer.concat([extraField(0x7875, Buffer.alloc(11)), Buffer.alloc(3)]),
      }),
    ],
  ],
  ['a zip64 end record', anything, [many('odd/a')], { zip64: true }],
  [
    'a zip64 end record that the short one points to',
    anything,
    [many('odd/a')],
    { zip64: true, end: { members: 0xffff, size: 0xffffffff, offset: 0xffffffff } },
  ],
  ['a comment', anything, [many('odd/a', { comment: text('made by hand') })], { comment: text('hello') }],
  [
    'folders, and an empty file',
    anything,
    [
      { name: 'odd/sub/', content: text(''), mode: 0o040755 },
      { name: 'odd/sub/empty', content: text('') },
    ],
  ],
  ['an empty file that is stored', anything, [{ name: 'odd/empty', content: text(''), stored: true }]],
  ['names that differ only in case', anything, [many('odd/Readme'), many('odd/README')]],
  ['names in other scripts', anything, [many('odd/ünïcödé/數據.txt'), many('odd/line, "quoted".txt')]],
  ['links in name only', anything, [many('odd/..a'), many('odd/...'), many('odd/a..b')]],
];

describe('the layout of a zip', () => {
  let root: string;
  let store: Store;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-zip-'));
    store = createStore({ root, threads: 2 });
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const unpack = async (bytes: Uint8Array): Promise<UnpackedWheel> => {
    const digest = sha256(bytes);
    await store.ensureArchive(
      { sha256: digest, filename: 'odd-1.0-py3-none-any.whl' },
      async (file) => await writeFile(file, bytes),
    );
    return await store.ensureWheel(digest, 'odd-1.0-py3-none-any.whl');
  };
  const expectRefusal = async (code: string, { message, entries, options }: Row): Promise<void> => {
    const bytes = writeZip([...honest, ...entries], options);
    await expect(unpack(bytes)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await store.findWheel(sha256(bytes))).toBeUndefined();
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  };

  it.each(rows(hostile))('refuses $what', async (row) => await expectRefusal('HOSTILE_ARCHIVE', row));

  it.each(rows(corrupt))('calls $what damage', async (row) => await expectRefusal('CORRUPT_ARCHIVE', row));

  it.each(rows(odd))('takes $what', async ({ entries, options }) => {
    const wheel = await unpack(writeZip([...honest, ...entries], options));
    const files = new Map(
      readRecordLines(wheel.record.toString('utf8')).map(({ path, sha256: digest }) => [path, digest]),
    );
    for (const { name, content } of entries.filter((entry) => !String(entry.name).endsWith('/'))) {
      expect(await readFile(join(wheel.folder, String(name)))).toEqual(Buffer.from(content));
      expect(files.get(String(name))).toBe(sha256(content));
    }
  });

  it('notices any flipped byte of the headers, or what it changed is nothing that counts', async () => {
    const bytes = writeZip([...honest, many('odd/a', { zip64: 'both', descriptor: 'wide-signed' })]);
    const whole = await unpack(bytes);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 0x40;
      const outcome = await unpack(changed).catch((error: unknown) => error);
      if (outcome instanceof Error)
        expect(outcome).toMatchObject({
          code: expect.stringMatching(/^(?:HOSTILE_ARCHIVE|CORRUPT_ARCHIVE|INVALID_WHEEL)$/),
        });
      else expect((outcome as UnpackedWheel).record).toEqual(whole.record);
    }
  });
});
