import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CondaFolder,
  condaLockOf,
  type FolderFile,
  makeCondaFolder,
  placeholder,
} from '../../test/kit/conda-folder.ts';
import { bring, type Installed, lockOf } from '../../test/kit/install.ts';
import { makeWheel } from '../../test/kit/wheel.ts';
import { createStore, filesOf, readTree, type Store } from '../store/index.ts';
import { condaRecordText, type InstallPlan, planPrefix } from './index.ts';

const site = 'lib/python3.12/site-packages';

describe('the plan of a conda prefix', () => {
  let root: string;
  let store: Store;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-plan-conda-'));
    store = createStore({ root, threads: 1 });
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const python = (more: Partial<Parameters<typeof makeCondaFolder>[1]> = {}): CondaFolder =>
    makeCondaFolder(root, {
      name: 'python',
      version: '3.12.5',
      files: { 'bin/python3.12': 'elf', 'bin/python': { link: 'python3.12' } },
      ...more,
    });
  const plan = async (
    packages: readonly (CondaFolder | Installed)[],
    { prefix = '/env', archiveFile }: { prefix?: string; archiveFile?: (sha256: string) => string } = {},
  ): Promise<InstallPlan> => {
    const conda = packages.filter((each): each is CondaFolder => 'unpacked' in each);
    const wheels = packages.filter((each): each is Installed => !('unpacked' in each));
    return planPrefix({
      lock: condaLockOf([...conda.map(({ pkg }) => pkg), ...lockOf(wheels).packages]),
      wheels: await bring(store, wheels),
      conda: new Map(conda.map(({ unpacked }) => [unpacked.sha256, unpacked])),
      prefix,
      archiveFile,
    });
  };
  /** Every path with what is there: the owner, and of which file. */
  const pathsOf = (made: InstallPlan): Map<string, string> => {
    const found = new Map<string, string>();
    const add = (path: string, what: string): void => {
      if (found.has(path)) throw new Error(`${path} is there twice`);
      found.set(path, what);
    };
    for (const { owner, text, path, without, from } of made.trees) {
      const tree = readTree(text);
      for (const folder of tree.folders.keys()) {
        for (const name of filesOf(tree, folder)) {
          const own = folder === '' ? name : `${folder}/${name}`;
          if (!without.has(own)) add(path === '' ? own : `${path}/${own}`, `${owner} ${from.split('/').at(-1)}/${own}`);
        }
      }
    }
    for (const { path, owner, content } of made.entries)
      add(path, content.kind === 'link' ? `${owner} → ${content.target}` : owner);
    for (const { path, owner } of made.rewrites) add(path, `${owner} rewritten`);
    for (const { path, owner } of made.condaRecords) add(path, owner);
    return found;
  };
  const recordOf = (made: InstallPlan, owner: string, digests = new Map<string, string>()): Record<string, unknown> => {
    const record = made.condaRecords.find((each) => each.owner === owner);
    if (record === undefined) throw new Error(`${owner} has no record`);
    return JSON.parse(condaRecordText(record, digests)) as Record<string, unknown>;
  };

  it('puts everything where conda does', async () => {
    const noarch = makeCondaFolder(root, {
      name: 'tool',
      noarch: 'python',
      files: {
        'site-packages/tool/__init__.py': '',
        'site-packages/tool-1.0.dist-info/RECORD': '',
        'python-scripts/tool-script': { content: `#!${placeholder}/bin/python\n`, placeholder },
        'share/tool/data': 'x',
        'etc/conda/activate.d/tool.sh': 'export TOOL=1\n',
      },
      entryPoints: [{ name: 'tool', module: 'tool.cli', object: 'main' }],
    });
    const made = await plan([python(), noarch]);
    expect(Object.fromEntries(pathsOf(made))).toEqual({
      'bin/activate': 'the environment',
      'bin/python': 'python → python3.12',
      'bin/python3.12': 'python files/bin/python3.12',
      'bin/tool': 'tool',
      'bin/tool-script': 'tool rewritten',
      'conda-meta/frozen': 'the environment',
      'conda-meta/history': 'the environment',
      'conda-meta/python-3.12.5-0.json': 'python',
      'conda-meta/tool-1.0-0.json': 'tool',
      'etc/conda/activate.d/tool.sh': 'tool files/etc/conda/activate.d/tool.sh',
      [`${site}/tool/__init__.py`]: 'tool site-packages/tool/__init__.py',
      [`${site}/tool-1.0.dist-info/RECORD`]: 'tool site-packages/tool-1.0.dist-info/RECORD',
      'lib/python3.12/EXTERNALLY-MANAGED': 'the environment',
      'share/tool/data': 'tool files/share/tool/data',
    });
    expect(made.python).toEqual({
      minor: '3.12',
      version: '3.12.5',
      home: '/env/bin',
      executable: '/env/bin/python3.12',
    });
    expect(await plan([python(), noarch])).toEqual(made);
  });

  it('goes by the site-packages path that Python’s record names', async () => {
    const free = python({ record: { sitePackagesPath: 'lib/python3.13t/site-packages' }, version: '3.13.1' });
    const noarch = makeCondaFolder(root, { name: 'tool', noarch: 'python', files: { 'site-packages/tool.py': '' } });
    const wheel: Installed = { name: 'w', version: '1.0', ...makeWheel({ name: 'w', version: '1.0' }) };
    const paths = pathsOf(await plan([free, noarch, wheel]));
    expect([...paths.keys()]).toEqual(
      expect.arrayContaining([
        'lib/python3.13t/site-packages/tool.py',
        'lib/python3.13t/site-packages/w/__init__.py',
        'lib/python3.13t/EXTERNALLY-MANAGED',
      ]),
    );
    const odd = python({ record: { sitePackagesPath: '../../outside' } });
    await expect(plan([odd, noarch])).rejects.toMatchObject({ code: 'INVALID_LOCK' });
    await expect(plan([noarch])).rejects.toMatchObject({
      code: 'INVALID_LOCK',
      message: expect.stringContaining('tool'),
    });
  });

  it('writes the record that conda’s tools read', async () => {
    const binary = { content: `\0${placeholder}/lib\0`, placeholder, mode: 'binary' as const };
    const lib = makeCondaFolder(root, {
      name: 'libthing',
      version: '2!1.0',
      build: 'h1_3',
      files: {
        'lib/libthing.so.1': binary,
        'lib/libthing.so': { link: 'libthing.so.1' },
        'include/thing.h': '#define THING\n',
        'share/empty': { directory: true },
      },
      record: {
        depends: ['patched >=2'],
        license: 'BSD-3-Clause',
        md5: 'd'.repeat(32),
        requested: true,
        constrains: ['x <2'],
      },
    });
    const made = await plan([lib], { archiveFile: (sha256) => `/store/${sha256}` });
    expect(recordOf(made, 'libthing', new Map([['lib/libthing.so.1', 'f'.repeat(64)]]))).toEqual({
      name: 'libthing',
      version: '2!1.0',
      build: 'h1_3',
      build_number: 0,
      subdir: 'linux-64',
      depends: ['patched >=2'],
      constrains: ['x <2'],
      license: 'BSD-3-Clause',
      license_family: 'MIT',
      timestamp: 1700000000000,
      fn: 'libthing-2!1.0-h1_3.conda',
      url: 'https://conda.example/channel/linux-64/libthing-2!1.0-h1_3.conda',
      channel: 'https://conda.example/channel/linux-64',
      sha256: lib.pkg.sha256,
      md5: 'd'.repeat(32),
      size: 1,
      requested_spec: 'libthing',
      requested_specs: ['libthing'],
      extracted_package_dir: lib.unpacked.folder,
      package_tarball_full_path: `/store/${lib.pkg.sha256}`,
      link: { source: lib.unpacked.folder, type: 1 },
      files: ['include/thing.h', 'lib/libthing.so', 'lib/libthing.so.1', 'share/empty'],
      paths_data: {
        paths_version: 1,
        paths: [
          { _path: 'include/thing.h', path_type: 'hardlink', ...digests(lib, 'include/thing.h') },
          { _path: 'lib/libthing.so', path_type: 'softlink', ...digests(lib, 'lib/libthing.so') },
          {
            _path: 'lib/libthing.so.1',
            path_type: 'hardlink',
            prefix_placeholder: placeholder,
            file_mode: 'binary',
            ...digests(lib, 'lib/libthing.so.1'),
            sha256_in_prefix: 'f'.repeat(64),
          },
          { _path: 'share/empty', path_type: 'directory' },
        ],
      },
    });
    const history = made.entries.find(({ path }) => path === 'conda-meta/history')?.content;
    expect(history).toEqual({
      kind: 'text',
      text: "==> 1980-01-01 00:00:00 <==\n# cmd: terroir\n+channel/linux-64::libthing-2!1.0-h1_3\n# update specs: ['libthing']\n",
    });
    // An image has no store beside it.
    expect(recordOf(await plan([lib]), 'libthing')).not.toHaveProperty('link');
  });

  function digests({ unpacked }: CondaFolder, path: string): Record<string, unknown> {
    const file = unpacked.files.find((each) => each.path === path);
    return { sha256: file?.sha256, sha256_in_prefix: file?.sha256, size_in_bytes: file?.size };
  }

  it.each([
    ['a file with two packages', [{ 'bin/x': 'a' }, { 'bin/x': 'b' }], 'bin/x', 'p1 files/bin/x'],
    ['a file that became a link', [{ 'bin/x': 'a' }, { 'bin/x': { link: 'y' } }], 'bin/x', 'p1 → y'],
    ['a link that became a file', [{ 'bin/x': { link: 'y' } }, { 'bin/x': 'a' }], 'bin/x', 'p1 files/bin/x'],
    [
      'a rewritten file over a plain one',
      [{ x: 'a' }, { x: { content: placeholder, placeholder } }],
      'x',
      'p1 rewritten',
    ],
    [
      'a plain file over a rewritten one',
      [{ x: { content: placeholder, placeholder } }, { x: 'a' }],
      'x',
      'p1 files/x',
    ],
    ['three owners', [{ x: 'a' }, { x: { link: 'y' } }, { x: 'c' }], 'x', 'p2 files/x'],
  ] as [string, Record<string, FolderFile>[], string, string][])(
    'gives %s to the last one',
    async (_what, all, path, owner) => {
      const packages = all.map((files, at) => makeCondaFolder(root, { name: `p${at}`, files }));
      const made = await plan(packages);
      expect(pathsOf(made).get(path)).toBe(owner);
      for (const { owner: each, paths } of made.condaRecords)
        expect(paths.map((one) => one.path).includes(path)).toBe(owner.startsWith(each));
      expect(made.overwrites.map(({ winner }) => winner)).toContain(owner.split(' ')[0]);
    },
  );

  it('lets noarch packages and wheels overwrite what lies in site-packages, and says so', async () => {
    const own = makeCondaFolder(root, {
      name: 'native',
      files: { [`${site}/common.py`]: 'native', [`${site}/native.py`]: '', [`${site}/both.py`]: 'native' },
    });
    const noarch = makeCondaFolder(root, {
      name: 'pure',
      noarch: 'python',
      files: { 'site-packages/common.py': 'pure', 'site-packages/lost.py': 'pure' },
    });
    const wheel: Installed = {
      name: 'native',
      version: '1.0',
      ...makeWheel({
        name: 'native',
        version: '1.0',
        files: { 'both.py': 'wheel', 'lost.py': 'wheel' },
        scripts: { python: '#!python\n', tool: '#!python\n', activate: '' },
      }),
    };
    const made = await plan([python(), own, noarch, wheel]);
    const paths = pathsOf(made);
    expect(paths.get(`${site}/common.py`)).toBe('pure site-packages/common.py');
    expect(paths.get(`${site}/both.py`)).toBe('native files/both.py');
    expect(paths.get('bin/python')).toBe('python → python3.12');
    expect(paths.get('bin/activate')).toBe('the environment');
    expect(made.trees.find(({ wheel: found }) => found !== undefined)?.owner).toBe('native');
    expect(made.overwrites).toEqual([
      { loser: 'conda’s native', winner: 'pure', paths: [`${site}/common.py`] },
      { loser: 'conda’s native', winner: 'native', paths: [`${site}/both.py`] },
      { loser: 'pure', winner: 'native', paths: [`${site}/lost.py`] },
    ]);
    const record = made.entries.find(({ path }) => path.endsWith('native-1.0.dist-info/RECORD'))?.content;
    expect(record?.kind === 'bytes' && Buffer.from(record.bytes).toString()).toContain('../../../bin/tool,');
    expect(recordOf(made, 'pure').files).toEqual([`${site}/common.py`]);
    expect(made.notes).toContain(`native has a file that pure has too (\`${site}/lost.py\`): native’s are there`);
    expect(recordOf(made, 'conda’s native').files).toEqual([`${site}/native.py`]);
  });

  it('leaves out the bytecode of sources that are not what they were', async () => {
    const cache = `${site}/x/__pycache__`;
    const first = makeCondaFolder(root, {
      name: 'first',
      files: {
        [`${site}/x/config.py`]: { content: placeholder, placeholder },
        [`${cache}/config.cpython-312.pyc`]: 'stale',
        [`${cache}/config.cpython-312.opt-1.pyc`]: 'stale',
        [`${site}/x/configure.py`]: '',
        [`${cache}/configure.cpython-312.pyc`]: 'fits',
        [`${site}/x/lost.py`]: '',
        [`${cache}/lost.cpython-312.pyc`]: 'stale',
        [`${site}/x/taken.py`]: '',
        [`${cache}/taken.cpython-312.pyc`]: 'stale',
      },
    });
    const second = makeCondaFolder(root, {
      name: 'second',
      noarch: 'python',
      files: {
        'site-packages/x/taken.py': 'new',
        'site-packages/x/__pycache__/taken.cpython-312.pyc': 'of the new one',
      },
    });
    const wheel: Installed = {
      name: 'w',
      version: '1.0',
      ...makeWheel({ name: 'w', version: '1.0', files: { 'x/lost.py': 'new' } }),
    };
    const paths = pathsOf(await plan([python(), first, second, wheel]));
    expect([...paths].filter(([path]) => path.endsWith('.pyc'))).toEqual([
      [
        `${cache}/configure.cpython-312.pyc`,
        'first files/lib/python3.12/site-packages/x/__pycache__/configure.cpython-312.pyc',
      ],
      [`${cache}/taken.cpython-312.pyc`, 'second site-packages/x/__pycache__/taken.cpython-312.pyc'],
    ]);
  });

  it.each([
    ['a file and a folder', [{ a: 'file' }, { 'a/b': 'file' }], 'p1 has a folder `a` where p0 has a file'],
    [
      'a link and a folder',
      [{ 'lib/a': { link: '../share' } }, { 'lib/a/b': '' }],
      'p1 has a folder `lib/a` where p0 has a file',
    ],
    [
      'a file and an empty folder',
      [{ a: 'file' }, { a: { directory: true } }],
      'p1 has a folder `a` where p0 has a file',
    ],
    [
      'a rewritten file below a file',
      [{ a: '' }, { 'a/b': { content: placeholder, placeholder } }],
      'p1 has a folder `a` where p0 has a file',
    ],
    [
      'a link below a link',
      [{ a: { link: 'x' } }, { 'a/b': { link: 'y' } }],
      'p1 has a folder `a` where p0 has a file',
    ],
    [
      'a file where site-packages are',
      [{ [site]: '' }, { [`${site}/x`]: '' }],
      `p1 has a folder \`${site}\` where p0 has a file`,
    ],
  ] as [string, Record<string, FolderFile>[], string][])('refuses %s, in both orders', async (_what, all, message) => {
    const packages = all.map((files, at) => makeCondaFolder(root, { name: `p${at}`, files }));
    await expect(plan(packages)).rejects.toMatchObject({ code: 'PACKAGE_CONFLICT', message });
    await expect(plan([...packages].reverse())).rejects.toMatchObject({ code: 'PACKAGE_CONFLICT', message });
  });

  it('refuses a noarch package’s file where wheels have a folder', async () => {
    const noarch = makeCondaFolder(root, { name: 'pure', noarch: 'python', files: { 'site-packages/w': 'file' } });
    const wheel: Installed = { name: 'w', version: '1.0', ...makeWheel({ name: 'w', version: '1.0' }) };
    await expect(plan([python(), noarch, wheel])).rejects.toMatchObject({
      code: 'PACKAGE_CONFLICT',
      message: `w has a folder \`${site}/w\` where pure has a file`,
    });
  });

  it('names package, file and limit where a binary has no room, and takes a prefix that just fits', async () => {
    const mark = `/${'p'.repeat(39)}`;
    const lib = makeCondaFolder(root, {
      name: 'lib',
      files: { 'lib/a.so': { content: `${mark}\0`, placeholder: mark, mode: 'binary' } },
    });
    await expect(plan([lib], { prefix: `/${'x'.repeat(40)}` })).rejects.toMatchObject({
      code: 'PREFIX_TOO_LONG',
      message: `\`lib/a.so\` of lib has room for a path of 40 bytes, and \`/${'x'.repeat(40)}\` has 41`,
      hint: expect.stringContaining('TERROIR_HOME'),
    });
    await expect(plan([lib], { prefix: `/${'ü'.repeat(20)}` })).rejects.toMatchObject({ code: 'PREFIX_TOO_LONG' });
    expect((await plan([lib], { prefix: `/${'x'.repeat(39)}` })).rewrites).toHaveLength(1);
    const text = makeCondaFolder(root, { name: 'text', files: { a: { content: mark, placeholder: mark } } });
    expect((await plan([text], { prefix: `/${'x'.repeat(400)}` })).rewrites).toHaveLength(1);
  });

  it.each([
    ['our own records', { '.terroir/prefix.json': '{}' }],
    ['conda’s records', { 'conda-meta/other-1.0-0.json': '{}' }],
    ['the history', { 'conda-meta/history': '' }],
  ])('refuses files where %s are', async (_what, files) => {
    await expect(plan([makeCondaFolder(root, { name: 'evil', files })])).rejects.toMatchObject({
      code: 'HOSTILE_ARCHIVE',
    });
  });

  it('refuses an entry point that would be a script elsewhere, and a package that is another one', async () => {
    const evil = makeCondaFolder(root, {
      name: 'evil',
      noarch: 'python',
      entryPoints: [{ name: '../x', module: 'a', object: 'b' }],
    });
    await expect(plan([python(), evil])).rejects.toMatchObject({ code: 'HOSTILE_ARCHIVE' });
    const other = makeCondaFolder(root, { name: 'honest', record: { version: '2.0' } });
    await expect(plan([other])).rejects.toMatchObject({
      code: 'INVALID_PACKAGE',
      message: expect.stringContaining('honest 1.0 0'),
    });
  });

  const name = fc.constantFrom('x', 'x', 'x', 'y', 'z');
  const tree = fc
    .uniqueArray(fc.array(name, { minLength: 2, maxLength: 3 }), { maxLength: 6, selector: (parts) => parts.join('/') })
    .map((paths) => paths.map((parts) => parts.join('/')))
    .map((paths) => paths.filter((each) => !paths.some((other) => other.startsWith(`${each}/`))));
  const kind = fc.constantFrom('plain', 'link', 'rewritten', 'noarch', 'wheel');

  it('gives every path one owner, the last one, and records no other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(tree, kind), { minLength: 1, maxLength: 5 }), async (drawn) => {
        // Wheels come after conda packages, whatever the order in which they are written down.
        const ordered = [
          ...drawn.filter(([, each]) => each !== 'wheel'),
          ...drawn.filter(([, each]) => each === 'wheel'),
        ];
        const packages = ordered.map(([paths, each], at) => {
          const content: FolderFile =
            each === 'link'
              ? { link: `p${at}` }
              : each === 'rewritten'
                ? { content: `p${at} ${placeholder}`, placeholder }
                : `p${at}`;
          if (each === 'wheel')
            return {
              name: `p${at}`,
              version: '1.0',
              ...makeWheel({
                name: `p${at}`,
                version: '1.0',
                files: Object.fromEntries(paths.map((path) => [path, `p${at}`])),
              }),
            };
          const start = each === 'noarch' ? 'site-packages/' : `${site}/`;
          return makeCondaFolder(root, {
            name: `p${at}`,
            noarch: each === 'noarch' ? 'python' : undefined,
            files: Object.fromEntries(paths.map((path) => [start + path, content])),
          });
        });
        const expected = new Map<string, string>();
        for (const [at, [paths]] of ordered.entries())
          for (const path of paths) expected.set(`${site}/${path}`, `p${at}`);
        const all = ordered.flatMap(([paths]) => paths);
        const hasClash = all.some((path) => all.some((other) => other.startsWith(`${path}/`)));
        const made = await plan([python(), ...packages]).catch((error: unknown) => error);
        if (made instanceof Error) {
          expect(made).toMatchObject({ code: 'PACKAGE_CONFLICT' });
          expect(hasClash).toBe(true);
          return;
        }
        const found = pathsOf(made as InstallPlan);
        for (const [path, owner] of expected) expect(found.get(path)?.split(' ')[0]).toBe(owner);
        for (const record of (made as InstallPlan).condaRecords)
          for (const { path } of record.paths) expect(found.get(path)?.split(' ')[0]).toBe(record.owner);
        const recorded = (made as InstallPlan).condaRecords.flatMap(({ paths }) => paths.map(({ path }) => path));
        expect(new Set(recorded).size).toBe(recorded.length);
      }),
      { numRuns: 100 },
    );
  });
});
