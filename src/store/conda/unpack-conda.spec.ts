import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CondaContent,
  type CondaPackageOptions,
  compressZstd,
  condaMembers,
  type MadeConda,
  makeCondaPackage,
  writeConda,
} from '../../../test/kit/conda-package.ts';
import { type TarEntry, writeTar } from '../../../test/kit/tar.ts';
import { writeZip } from '../../../test/kit/zip.ts';
import { sha256 } from '../../schema/index.ts';
import { createStore, type Store, type UnpackedConda } from '../index.ts';

const data = process.env.TERROIR_TEST_DATA;
const formats = ['conda', 'tar.bz2'] as const;
const bothFormats = (options: CondaPackageOptions): MadeConda[] =>
  formats.map((format) => makeCondaPackage({ ...options, format }));
const python = spawnSync('python3', ['-c', 'import bz2'], { env: { PATH: process.env.PATH } }).status === 0;

describe('unpacking conda packages', () => {
  let root: string;
  let store: Store;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-conda-'));
    store = createStore({ root, threads: 2 });
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const bring = async ({ filename, bytes }: Pick<MadeConda, 'filename' | 'bytes'>): Promise<UnpackedConda> => {
    const digest = sha256(bytes);
    await store.ensureArchive({ sha256: digest, filename }, async (file) => await writeFile(file, bytes));
    return await store.ensureConda(digest, filename);
  };
  /** What lies in a folder: kind and content of everything but folders that have something in them, and `info/`. */
  const treeOf = (folder: string, below = ''): Record<string, string> => {
    const tree: Record<string, string> = {};
    for (const name of readdirSync(join(folder, below))) {
      const path = join(below, name);
      const at = join(folder, path);
      if (path === 'info') continue;
      const stats = lstatSync(at);
      if (stats.isSymbolicLink()) tree[path] = `link to ${readlinkSync(at)}`;
      else if (stats.isFile()) tree[path] = `${(stats.mode & 0o777).toString(8)} ${sha256(readFileSync(at))}`;
      else if (readdirSync(at).length === 0) tree[path] = 'folder';
      else Object.assign(tree, treeOf(folder, path));
    }
    return tree;
  };
  /** The same from what is written down. */
  const written = ({ files }: UnpackedConda): Record<string, string> =>
    Object.fromEntries(
      files.map(({ path, type, executable, sha256: digest, target }) => [
        path,
        type === 'link' ? `link to ${target}` : type === 'directory' ? 'folder' : `${executable ? 555 : 444} ${digest}`,
      ]),
    );

  it.each(formats)('takes everything out of a %s', async (format) => {
    const made = makeCondaPackage({
      name: 'tool',
      version: '1.2',
      build: 'h1_3',
      buildNumber: 3,
      format,
      files: {
        'bin/tool': {
          content: '#!/opt/placeholder/bin/python\n',
          executable: true,
          placeholder: { text: '/opt/placeholder', mode: 'text' },
        },
        'lib/libtool.so.1': {
          content: Buffer.alloc(3_000_000),
          executable: true,
          noLink: true,
          placeholder: { text: '/opt/placeholder', mode: 'binary' },
        },
        'lib/libtool.so': { target: 'libtool.so.1' },
        'lib/copy.so': { sameAs: 'lib/libtool.so.1' },
        'etc/system': { target: '/usr/share/zoneinfo' },
        'share/empty': { directory: true },
        'share/nothing': '',
        'bin/.tool-post-link.sh': { content: 'exit 1\n', executable: true },
        'bin/.other-post-link.sh': 'exit 1\n',
        'Scripts/.tool-pre-unlink.bat': 'exit 1\n',
        'Menu/tool.json': '{}',
      },
      info: {
        'licenses/LICENSE': 'free\n',
        'run_exports.json': '{}',
        'recipe/meta.yaml': 'x',
        'test/run_test.sh': 'x',
      },
    });
    const unpacked = await bring(made);
    expect(unpacked).toMatchObject({
      sha256: made.sha256,
      filename: made.filename,
      name: 'tool',
      version: '1.2',
      build: 'h1_3',
      buildNumber: 3,
      index: { subdir: 'linux-64', depends: [] },
      entryPoints: [],
      scripts: ['Menu/tool.json', 'Scripts/.tool-pre-unlink.bat', 'bin/.tool-post-link.sh'],
    });
    expect(unpacked).not.toHaveProperty('noarch');
    expect(unpacked.files.map(({ path, type, executable }) => [path, type, executable])).toEqual([
      ['Menu/tool.json', 'file', false],
      ['Scripts/.tool-pre-unlink.bat', 'file', false],
      ['bin/.other-post-link.sh', 'file', false],
      ['bin/.tool-post-link.sh', 'file', true],
      ['bin/tool', 'file', true],
      ['etc/system', 'link', false],
      ['lib/copy.so', 'file', true],
      ['lib/libtool.so', 'link', false],
      ['lib/libtool.so.1', 'file', true],
      ['share/empty', 'directory', false],
      ['share/nothing', 'file', false],
    ]);
    expect(unpacked.files[4]).toMatchObject({ placeholder: { text: '/opt/placeholder', mode: 'text' } });
    expect(unpacked.files[8]).toMatchObject({ placeholder: { mode: 'binary' }, noLink: true, size: 3_000_000 });
    expect(treeOf(unpacked.folder)).toEqual(written(unpacked));
    expect(Object.keys(treeOf(unpacked.infoFolder)).sort()).toEqual([
      'about.json',
      'files',
      'index.json',
      'licenses/LICENSE',
      'paths.json',
      'run_exports.json',
    ]);
    expect(await store.findConda(made.sha256)).toEqual(unpacked);
    expect(await store.findWheel(made.sha256)).toBeUndefined();
  });

  it('reads what noarch packages say', async () => {
    const noarch = {
      name: 'pure',
      version: '1',
      noarch: 'python',
      files: { 'site-packages/pure.py': 'x = 1\n' },
    } as const;
    const points = ['pure = pure.cli:main', 'other= pure:Class.method '];
    for (const made of bothFormats({ ...noarch, entryPoints: points }))
      expect(await bring(made)).toMatchObject({
        noarch: 'python',
        entryPoints: [
          { name: 'pure', module: 'pure.cli', object: 'main' },
          { name: 'other', module: 'pure', object: 'Class.method' },
        ],
      });
    const of = async (options: Partial<CondaPackageOptions>): Promise<string | undefined> =>
      (await bring(makeCondaPackage({ name: 'pure', version: '1', ...options }))).noarch;
    expect(await of({ noarch: 'generic' })).toBe('generic');
    // Before there were kinds; and where only one of the two files says it.
    expect(await of({ index: { noarch: true } })).toBe('generic');
    expect(await of({ index: { noarch: false } })).toBeUndefined();
    expect(await of({ noarch: 'python', info: { 'link.json': undefined } })).toBe('python');
    expect(await of({ noarch: 'python', index: { noarch: undefined } })).toBe('python');
    const legacy = {
      'link.json': undefined,
      'package_metadata.json': '{"package_metadata_version":1,"noarch":{"type":"python"}}',
    };
    expect(await of({ info: legacy })).toBe('python');
  });

  it('reads the lists of older packages', async () => {
    const files: Record<string, CondaContent> = {
      'bin/a': { content: '/old/prefix', placeholder: { text: '/old/prefix', mode: 'text' } },
      'bin/b c': { content: '/old/prefix', placeholder: { text: '/old/prefix', mode: 'binary' }, noLink: true },
      'lib/link': { target: '../bin/a' },
      'share/soft': 'x',
      'share/one-column': '/opt/x',
    };
    for (const format of formats) {
      const made = makeCondaPackage({
        name: 'old',
        version: '1',
        old: true,
        format,
        files,
        info: {
          has_prefix: `# comment\n/old/prefix text bin/a\n"/old/prefix" 'binary' "bin/b c"\n\nshare/one-column\n`,
          no_softlink: 'share/soft\n',
          files: '  share/soft\n\n# x\nshare/one-column\nbin/b c\nlib/link\nbin/a\nbin/a\ninfo/index.json\n',
        },
      });
      const { files: found } = await bring(made);
      expect(found).toMatchObject([
        { path: 'bin/a', placeholder: { text: '/old/prefix', mode: 'text' } },
        { path: 'bin/b c', placeholder: { text: '/old/prefix', mode: 'binary' }, noLink: true },
        { path: 'lib/link', type: 'link', target: '../bin/a' },
        {
          path: 'share/one-column',
          placeholder: { text: ['/opt/anaconda1', 'anaconda2', 'anaconda3'].join(''), mode: 'text' },
        },
        { path: 'share/soft', noLink: true },
      ]);
      expect(found).toHaveLength(5);
    }
  });

  it('leaves out what is not listed, and takes the list in any order', async () => {
    const files = { 'z/last': 'z', 'a/first': 'a', 'lib/m': { target: '../z/last' } };
    for (const made of bothFormats({
      name: 'odd',
      version: '1',
      files,
      extra: [
        { path: 'lib/unlisted', content: Buffer.from('x') },
        { path: 'lib/unlisted-link', type: '2', target: 'unlisted' },
        { path: 'only/', type: '5' },
      ],
    })) {
      const unpacked = await bring(made);
      expect(unpacked.files.map(({ path }) => path)).toEqual(['a/first', 'lib/m', 'z/last']);
      expect(treeOf(unpacked.folder)).toEqual(written(unpacked));
    }
  });

  it('gives files the times that the package gives them', async () => {
    for (const made of bothFormats({
      name: 'times',
      version: '1',
      files: { 'a.py': { time: 1_700_000_001 }, 'b.so': '', 'late.py': { time: 2 ** 33 - 1 } },
      info: { 'paths.json': undefined, files: 'a.py\nb.so\nc.py\nlate.py\n' },
      extra: [{ path: 'c.py', content: Buffer.from('y'), pax: { mtime: '1700000123.75' } }],
    })) {
      const { folder } = await bring(made);
      const [a, b, c, late] = ['a.py', 'b.so', 'c.py', 'late.py'].map((path) => statSync(join(folder, path)).mtimeMs);
      expect([a, b, c]).toEqual([1700000001000, 0, 1700000123750]);
      expect(late).toBeGreaterThan(Date.now() - 60_000);
    }
  });

  it('takes hard links for what they lead to', async () => {
    const files: Record<string, CondaContent> = {
      'bin/git': { content: 'program', executable: true },
      'bin/git-add': { sameAs: 'bin/git' },
      'libexec/git-core/git-add': { sameAs: 'bin/git-add' },
    };
    for (const made of bothFormats({ name: 'git', version: '1', files })) {
      const unpacked = await bring(made);
      expect(unpacked.files).toMatchObject(
        Object.keys(files).map((path) => ({
          path,
          type: 'file',
          size: 7,
          sha256: sha256('program'),
          executable: true,
        })),
      );
      expect(treeOf(unpacked.folder)).toEqual(written(unpacked));
    }
  });

  it('takes a .conda that was packed again by another tool', async () => {
    const made = makeCondaPackage({ name: 'again', version: '1', files: { 'share/x': randomBytes(3_000_000) } });
    const info = writeTar([
      {
        path: 'info/index.json',
        content: Buffer.from(JSON.stringify({ name: 'again', version: '1', build: '0', build_number: 0 })),
      },
      { path: 'info/files', content: Buffer.from('share/x\n') },
    ]);
    const pkg = writeTar([
      { path: 'share/x', content: randomBytes(3_000_000) },
      { path: 'info/licenses/x', content: Buffer.from('x') },
    ]);
    const members = condaMembers('again-1-0', { info: compressZstd(info), pkg: compressZstd(pkg) }).reverse();
    const folder = { name: 'Users/me/again-1-0/', content: Buffer.alloc(0), mode: 0o040755 };
    const deflated = members.map((entry) => ({
      ...entry,
      name: `${folder.name}${String(entry.name)}`,
      stored: false,
      descriptor: 'signed' as const,
    }));
    const bytes = writeZip([folder, ...deflated]);
    const unpacked = await bring({ filename: made.filename, bytes });
    expect(treeOf(unpacked.folder)).toEqual(written(unpacked));
    expect(readdirSync(join(unpacked.folder, '..')).sort()).toEqual(['files', 'index']);
    expect(unpacked.infoFiles.map(({ path }) => path)).toEqual(['files', 'index.json', 'licenses/x']);
  });

  it.each(formats)(
    'takes names out of a %s that are too long for a header, and cut off in it within a character',
    async (format) => {
      const path = `${'n'.repeat(99)}é`;
      const unpacked = await bring(
        makeCondaPackage({ name: 'long', version: '1', files: { [path]: 'content' }, format }),
      );
      expect(unpacked.files.map((file) => file.path)).toEqual([path]);
    },
  );

  it('gives links back that were lost where there are none', async () => {
    const library = Buffer.from('library');
    const files = { 'lib/libz.so.1.2': library, 'other/libz.so.1.2': library };
    const lost = (member: TarEntry): CondaPackageOptions => ({
      name: 'lost',
      version: '1',
      files,
      extra: [member],
      info: {
        'paths.json': JSON.stringify({
          paths_version: 1,
          paths: [
            ...Object.keys(files).map((path) => ({ _path: path, path_type: 'hardlink' })),
            { _path: 'lib/libz.so', path_type: 'softlink', sha256: sha256(library), size_in_bytes: library.length },
          ],
        }),
      },
    });
    for (const options of [lost({ path: 'lib/libz.so', type: '2', target: '' }), lost({ path: 'lib/libz.so' })])
      for (const made of bothFormats(options)) {
        const unpacked = await bring(made);
        expect(unpacked.files[0]).toMatchObject({ path: 'lib/libz.so', type: 'link', target: 'libz.so.1.2' });
        expect(treeOf(unpacked.folder)).toEqual(written(unpacked));
      }
  });

  it('takes the largest window that zstd itself makes', async () => {
    const tar = writeTar([{ path: 'a', content: Buffer.from('x') }]);
    const info = writeTar([
      { path: 'info/index.json', content: Buffer.from(JSON.stringify({ name: 'w', version: '1', build: '0' })) },
      { path: 'info/files', content: Buffer.from('a\n') },
    ]);
    const params = {
      [constants.ZSTD_c_windowLog]: 27,
      [constants.ZSTD_c_contentSizeFlag]: 0,
      [constants.ZSTD_c_checksumFlag]: 1,
    };
    const pkg = zstdCompressSync(tar, { params });
    const bytes = writeZip(condaMembers('w-1-0', { info: compressZstd(info), pkg }));
    expect(await bring({ filename: 'w-1-0.conda', bytes })).toMatchObject({ files: [{ path: 'a' }] });
  });

  it('ends at once when something is wrong at the beginning of a large package', async () => {
    const info = writeTar([]);
    const pkg = writeTar([{ path: '../evil' }, { path: 'big', content: randomBytes(30_000_000) }]);
    const made = { filename: 'e-1-0.conda', bytes: writeConda('e-1-0', { info, pkg }) };
    await expect(bring(made)).rejects.toMatchObject({ code: 'HOSTILE_ARCHIVE' });
  });

  it.each(formats)('calls a %s damaged that was cut off or changed anywhere', async (format) => {
    const { bytes, filename } = makeCondaPackage({ name: 'cut', version: '1', format, files: { a: 'some text' } });
    const whole = written(await bring({ bytes, filename }));
    for (let length = 0; length < bytes.length; length += 37)
      await expect(bring({ bytes: bytes.subarray(0, length), filename })).rejects.toMatchObject({
        code: 'CORRUPT_ARCHIVE',
      });
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 0x10;
      const outcome = await bring({ bytes: changed, filename }).catch((error: unknown) => error);
      if (outcome instanceof Error)
        expect(outcome).toMatchObject({
          code: expect.stringMatching(/^(?:HOSTILE_ARCHIVE|CORRUPT_ARCHIVE|INVALID_PACKAGE)$/),
        });
      else expect(written(outcome as UnpackedConda)).toEqual(whole);
    }
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  it('unpacks what was packed', async () => {
    const name = fc.constantFrom('a', 'b', 'ü', 'x y', '..c', '-', '#', 'n'.repeat(90));
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const content: fc.Arbitrary<CondaContent> = fc.oneof(
      fc.record({ content: fc.uint8Array({ maxLength: 3000 }), executable: fc.boolean() }),
      fc.record({ target: fc.constantFrom('a', 'b/c', '/usr/lib', 'n'.repeat(150)) }),
      fc.constant({ directory: true }),
    );
    const tree = fc.dictionary(path, content, { maxKeys: 12 }).map((all) =>
      // A path cannot stand below another one.
      Object.fromEntries(
        Object.entries(all).filter(([own]) => !Object.keys(all).some((other) => own.startsWith(`${other}/`))),
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        tree,
        fc.constantFrom(...formats),
        fc.constantFrom('pax', 'gnu'),
        async (files, format, dialect) => {
          const unpacked = await bring(
            makeCondaPackage({ name: 'any', version: '1', files, format, tar: { dialect } }),
          );
          const expected = Object.entries(files).map(([at, given]) => {
            const {
              content: bytes,
              executable,
              target,
              directory,
            } = given as Exclude<CondaContent, string | Uint8Array>;
            if (directory) return [at, 'folder'];
            return [
              at,
              target === undefined
                ? `${executable ? 555 : 444} ${sha256(Buffer.from((bytes ?? '') as string))}`
                : `link to ${target}`,
            ];
          });
          expect(written(unpacked)).toEqual(Object.fromEntries(expected));
          expect(treeOf(unpacked.folder)).toEqual(written(unpacked));
        },
      ),
      { numRuns: 60 },
    );
  });

  it.skipIf(!python)('reads what another bzip2 writes (needs python3)', async () => {
    const info = [
      { path: 'info/index.json', content: Buffer.from(JSON.stringify({ name: 'py', version: '1', build: '0' })) },
      { path: 'info/files', content: Buffer.from('random\nzeros\ntext\n') },
    ];
    const files = {
      random: randomBytes(2_500_000),
      zeros: Buffer.alloc(3_000_000),
      text: Buffer.from(Array.from({ length: 200_000 }, (_, at) => `line ${at * 7919}\n`).join('')),
    };
    const tar = join(root, 'py.tar');
    await writeFile(tar, writeTar([...info, ...Object.entries(files).map(([path, content]) => ({ path, content }))]));
    for (const level of [1, 9]) {
      const code = `import bz2,sys; sys.stdout.buffer.write(bz2.compress(open(sys.argv[1],'rb').read(), ${level}))`;
      const { stdout } = spawnSync('python3', ['-c', code, tar], {
        maxBuffer: 1 << 28,
        env: { PATH: process.env.PATH },
      });
      const unpacked = await bring({ filename: 'py-1-0.tar.bz2', bytes: stdout });
      for (const [path, content] of Object.entries(files))
        expect(readFileSync(join(unpacked.folder, path)).equals(content)).toBe(true);
    }
    await rm(tar);
  });

  it.skipIf(data === undefined)('unpacks real packages (TERROIR_TEST_DATA)', async () => {
    const folder = join(data ?? '', 'conda');
    const unpacked = new Map<string, UnpackedConda>();
    for (const subdir of ['linux-64', 'noarch'])
      for (const filename of readdirSync(join(folder, subdir)))
        unpacked.set(filename, await bring({ filename, bytes: readFileSync(join(folder, subdir, filename)) }));
    for (const each of unpacked.values()) expect(treeOf(each.folder)).toEqual(written(each));
    const [one, other] = [unpacked.get('zlib-1.2.11-h7b6447c_3.conda'), unpacked.get('zlib-1.2.11-h7b6447c_3.tar.bz2')];
    expect(one?.files).toHaveLength(7);
    expect(one?.files).toEqual(other?.files);
    expect(lstatSync(join(one?.folder ?? '', 'lib/libz.so')).isSymbolicLink()).toBe(true);
    expect(existsSync(join(one?.folder ?? '', 'lib/libz.so'))).toBe(true);
    expect(unpacked.get('sample_noarch_python-1.0-py_0.conda')?.noarch).toBe('python');
    expect(unpacked.get('failing_post_link-1.0-0.conda')?.scripts).toEqual([
      'Scripts/.failing_post_link-post-link.bat',
      'bin/.failing_post_link-post-link.sh',
    ]);
  });
});
