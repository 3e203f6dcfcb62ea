import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bring, type Installed, lockOf, paperPython } from '../../test/kit/install.ts';
import { makeWheel, type WheelOptions } from '../../test/kit/wheel.ts';
import { sha256 } from '../schema/index.ts';
import { createStore, filesOf, readRecordLines, readTree, recordLines, type Store, treeText } from '../store/index.ts';
import { type InstallPlan, listFiles, type PlanEntry, planPrefix } from './index.ts';

const site = 'lib/python3.12/site-packages';
const wheelOf = (name: string, options: Partial<WheelOptions> = {}, more: Partial<Installed> = {}): Installed => ({
  name,
  version: '1.0',
  ...makeWheel({ name, version: '1.0', ...options }),
  ...more,
});

describe('the plan of a prefix', () => {
  let root: string;
  let store: Store;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-plan-'));
    store = createStore({ root, threads: 2 });
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const plan = async (wheels: readonly Installed[], prefix = '/env'): Promise<InstallPlan> =>
    planPrefix({ lock: lockOf(wheels), wheels: await bring(store, wheels), python: paperPython, prefix });
  const filesIn = (made: InstallPlan): Map<string, PlanEntry> =>
    new Map([...listFiles(made)].map((entry) => [entry.path, entry]));
  const contentOf = async (entry: PlanEntry | undefined): Promise<string> => {
    if (entry === undefined) return 'nothing';
    const { content } = entry;
    if (content.kind === 'archive') return await readFile(content.file, 'utf8');
    if (content.kind === 'link') return `→ ${content.target}`;
    return content.kind === 'text' ? content.text : Buffer.from(content.bytes).toString();
  };

  it('is the same for the same input, and names nothing but it', async () => {
    const wheels = [wheelOf('a', { entryPoints: { console_scripts: { tool: 'a:main' } } }), wheelOf('b')];
    const made = await plan(wheels);
    expect(await plan(wheels)).toEqual(made);
    expect([...filesIn(made).keys()].sort()).toEqual(
      [
        ...['a', 'b'].flatMap((name) =>
          [
            `${name}/__init__.py`,
            ...['INSTALLER', 'METADATA', 'RECORD', 'WHEEL'].map((file) => `${name}-1.0.dist-info/${file}`),
          ].map((path) => `${site}/${path}`),
        ),
        `${site}/a-1.0.dist-info/entry_points.txt`,
        'bin/activate',
        'bin/python',
        'bin/python3',
        'bin/python3.12',
        'bin/tool',
        'lib/python3.12/EXTERNALLY-MANAGED',
        'lib64',
        'pyvenv.cfg',
      ].sort(),
    );
  });

  const names = fc.constantFrom('x', 'y', 'z', 'x.py', 'y.py');
  const path = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const tree = fc
    .uniqueArray(path, { maxLength: 8 })
    .map((paths) => paths.filter((each) => !paths.some((other) => other.startsWith(`${each}/`))));
  const place = fc.constantFrom('', 'purelib/', 'scripts/', 'data/', `data/${site}/`);

  it('gives every path one owner, the last one, and refuses a file where a folder is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(tree, tree, place), { minLength: 1, maxLength: 4 }), async (packages) => {
        const wheels = packages.map(([own, spread, where], index) => {
          const name = `p${index}`;
          const content = (each: string): [string, string] => [each, `${name} ${each}`];
          return wheelOf(name, {
            files: Object.fromEntries(own.map(content)),
            data: where === '' ? {} : Object.fromEntries(spread.map((each) => [where + each, `${name} .data ${each}`])),
          });
        });
        // By hand: who comes last has it, and within a package what is spread.
        const expected = new Map<string, string>();
        for (const [index, [own, spread, where]] of packages.entries()) {
          for (const each of own) expected.set(`${site}/${each}`, `p${index} ${each}`);
          const target =
            where === 'purelib/' ? `${site}/` : where === 'scripts/' ? 'bin/' : where.replace(/^data\//, '');
          if (where !== '') for (const each of spread) expected.set(target + each, `p${index} .data ${each}`);
        }
        const clashes = [...expected.keys()].some((each) =>
          [...expected.keys()].some((other) => other.startsWith(`${each}/`)),
        );
        const anyClash = clashes || hasClash(packages);
        const made = await plan(wheels).catch((error: unknown) => error);
        if (made instanceof Error) {
          expect(made).toMatchObject({ code: 'PACKAGE_CONFLICT' });
          expect(anyClash).toBe(true);
          return;
        }
        expect(clashes).toBe(false);
        const all = [...listFiles(made as InstallPlan)];
        const files = new Map(all.map((entry) => [entry.path, entry]));
        expect(files.size).toBe(all.length);
        for (const [each, text] of expected) expect(await contentOf(files.get(each))).toBe(text);
        for (const [index] of packages.entries()) {
          const owned = all.filter(({ owner }) => owner === `p${index}`);
          const record = await contentOf(files.get(`${site}/p${index}-1.0.dist-info/RECORD`));
          const listed = readRecordLines(record.replace(/^.*RECORD,,\n$/m, '')).map((line) => ({
            ...line,
            path: join(site, line.path),
          }));
          expect(listed.map(({ path: each }) => each).sort()).toEqual(
            owned
              .map(({ path: each }) => each)
              .filter((each) => !each.endsWith(`p${index}-1.0.dist-info/RECORD`))
              .sort(),
          );
          for (const line of listed)
            expect(files.get(line.path)).toMatchObject({ sha256: line.sha256, size: line.size });
        }
      }),
      { numRuns: 60 },
    );
  });

  /** A file of one package that is a folder of any, even if neither of them stays in the end. */
  function hasClash(packages: readonly (readonly [string[], string[], string])[]): boolean {
    const all = packages.flatMap(([own, spread, where]) => {
      const target = where === 'purelib/' ? `${site}/` : where === 'scripts/' ? 'bin/' : where.replace(/^data\//, '');
      return [...own.map((each) => `${site}/${each}`), ...(where === '' ? [] : spread.map((each) => target + each))];
    });
    return all.some((each) => all.some((other) => other.startsWith(`${each}/`)));
  }

  it('keeps what makes it an environment, whatever a wheel brings', async () => {
    const evil = wheelOf('evil', {
      scripts: { python: 'evil', 'python3.12': 'evil', activate: 'evil' },
      data: { 'data/pyvenv.cfg': 'evil', 'data/lib64/x': 'moved', 'data/lib/python3.12/EXTERNALLY-MANAGED': 'evil' },
      files: {
        'evil.py': '',
        'evil-1.0.dist-info/INSTALLER': 'evil',
        'evil-1.0.dist-info/direct_url.json': 'evil',
        'b-1.0.dist-info/RECORD': 'evil',
      },
    });
    const files = filesIn(await plan([wheelOf('b'), evil]));
    for (const each of [
      'bin/python',
      'bin/python3.12',
      'bin/activate',
      'pyvenv.cfg',
      'lib/python3.12/EXTERNALLY-MANAGED',
      `${site}/b-1.0.dist-info/RECORD`,
      `${site}/evil-1.0.dist-info/INSTALLER`,
    ]) {
      expect(await contentOf(files.get(each)), each).not.toBe('evil');
    }
    expect(await contentOf(files.get('lib/x'))).toBe('moved');
    expect(files.has(`${site}/evil-1.0.dist-info/direct_url.json`)).toBe(false);
    expect([...files.values()].filter(({ path: each }) => each.startsWith('lib64/'))).toEqual([]);
  });

  it.each([
    ['a file below a link', { data: { 'data/bin/python/x': '' } }, 'PACKAGE_CONFLICT'],
    ['a file where the folders of all are', { data: { 'data/lib': '' } }, 'PACKAGE_CONFLICT'],
    ['a file in our own records', { data: { 'data/.terroir/prefix.json': '{}' } }, 'HOSTILE_ARCHIVE'],
    ['a scheme that does not exist', { data: { 'stdlib/os.py': '' } }, 'INVALID_WHEEL'],
  ])('refuses %s', async (_what, options, code) => {
    await expect(plan([wheelOf('evil', options)])).rejects.toMatchObject({ code });
  });

  it.each([
    ['from an index', {}, undefined],
    [
      'a wheel beside the definition',
      { index: undefined, local: '/w/a.whl' },
      { url: 'file:/w/a.whl', archive_info: { hashes: { sha256: '' } } },
    ],
    [
      'an address',
      { index: undefined, url: 'https://x/a.whl' },
      { url: 'https://x/a.whl', archive_info: { hashes: { sha256: '' } } },
    ],
  ] as const)('says where a package came from: %s', async (_what, more, expected) => {
    const wheel = wheelOf('a', {}, more as Partial<Installed>);
    const entry = filesIn(await plan([wheel])).get(`${site}/a-1.0.dist-info/direct_url.json`);
    const wanted =
      expected === undefined
        ? 'nothing'
        : `${JSON.stringify(expected).replace('"sha256":""', `"sha256":"${wheel.sha256}"`)}\n`;
    expect(await contentOf(entry)).toBe(wanted);
  });

  it('writes scripts for the place of the prefix', async () => {
    const wheel = wheelOf('a', {
      entryPoints: { console_scripts: { tool: 'a.b:main.run [extra]' } },
      scripts: { own: '#!python\r\nprint(1)\n', tool: '#!python\nshadowed\n' },
    });
    const far = `/${'long/'.repeat(30)}env`;
    for (const [prefix, first] of [
      ['/env', '#!/env/bin/python\n'],
      [far, `#!/bin/sh\n'''exec' "${far}/bin/python" "$0" "$@"\n' '''\n`],
      ['/my env', `#!/bin/sh\n'''exec' "/my env/bin/python" "$0" "$@"\n' '''\n`],
    ] as const) {
      const files = filesIn(await plan([wheel], prefix));
      expect(await contentOf(files.get('bin/own'))).toBe(`${first}print(1)\n`);
      expect(await contentOf(files.get('bin/tool'))).toBe(
        `${first}# -*- coding: utf-8 -*-\nimport sys\nfrom a.b import main\nif __name__ == '__main__':\n    sys.exit(main.run())\n`,
      );
    }
  });
});

describe('texts that are written once and read often', () => {
  const part = fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' }).filter((each) => !/[/\n\r\0]/.test(each));
  const paths = fc
    .uniqueArray(
      fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      { maxLength: 30 },
    )
    .map((all) => all.filter((each) => !all.some((other) => other.startsWith(`${each}/`))));

  it('reads a tree as it was written, each folder behind the one that holds it', () => {
    fc.assert(
      fc.property(paths, (all) => {
        const tree = readTree(treeText(all));
        const found = [...tree.folders.keys()].flatMap((folder) =>
          filesOf(tree, folder).map((name) => (folder === '' ? name : `${folder}/${name}`)),
        );
        expect(found.sort()).toEqual([...all].sort());
        expect(tree.files).toBe(all.length);
        const order = [...tree.folders.keys()];
        for (const [at, folder] of order.entries()) {
          const parent = folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : '';
          expect(order.indexOf(parent)).toBeLessThanOrEqual(at);
          // Depth first: whatever stands between a folder and one below it is below it too.
          for (const between of order.slice(order.indexOf(parent) + 1, at))
            if (parent !== '') expect(between.startsWith(`${parent}/`)).toBe(true);
        }
      }),
    );
  });

  it('reads lines of RECORD as they were written', () => {
    fc.assert(
      fc.property(paths, (all) => {
        const files = all.map((path, size) => ({ path, sha256: sha256(path), size }));
        expect(readRecordLines(recordLines(files))).toEqual(files);
      }),
    );
  });
});
