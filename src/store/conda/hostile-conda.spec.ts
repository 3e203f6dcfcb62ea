import { describe, expect, it } from 'vitest';
import { corrupt, evil, hostile, invalid, refusingStore, stem } from '../../../test/kit/conda/refusals.ts';
import type { CondaPackageOptions } from '../../../test/kit/conda-package.ts';
import { paxRecords, type TarEntry, type TarOptions, tarExtension, writeTar } from '../../../test/kit/tar.ts';

const text = (content: string): Buffer => Buffer.from(content);
const pax = (records: Record<string, string>): Buffer => Buffer.concat(tarExtension('x', paxRecords(records)));
const json = (value: unknown): string => JSON.stringify(value);

type Case = readonly [what: string, code: string, message: RegExp, options: Partial<CondaPackageOptions>];

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

describe('hostile conda packages', () => {
  const { unpack, expectRefusal } = refusingStore();

  it.each(['conda', 'tar.bz2'] as const)('lets an honest %s in', async (format) => {
    expect(await unpack(evil({ format }), `${stem}.${format}`)).toMatchObject({ name: 'evil' });
  });

  describe.each(['conda', 'tar.bz2'] as const)('in a %s', (format) => {
    it.each(tricks)('refuses %s', async (_what, code, message, options) => {
      await expectRefusal(evil({ ...options, format }), `${stem}.${format}`, code, message);
    });
  });
});
