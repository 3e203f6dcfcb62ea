import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MadeConda, makeCondaPackage } from '../../../test/kit/conda-package.ts';
import { sha256 } from '../../schema/index.ts';
import { createStore, type Store, type UnpackedConda } from '../index.ts';

const data = process.env.TERROIR_TEST_DATA;
const formats = ['conda', 'tar.bz2'] as const;

describe('conda packages in the store', () => {
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

  it('keeps the times of sources, by which Python knows their bytecode', async () => {
    const made = makeCondaPackage({
      name: 'timed',
      version: '1.0',
      files: { 'a.py': { time: 1_700_000_001 }, 'late.py': { time: 2 ** 33 - 1 }, 'old.py': '' },
      extra: [],
    });
    const { folder } = await bring(made);
    const timeOf = (path: string): number => statSync(join(folder, path)).mtimeMs / 1000;
    expect([timeOf('a.py'), timeOf('old.py')]).toEqual([1_700_000_001, 0]);
    expect(timeOf('late.py')).toBeGreaterThan(1_700_000_000);
  });

  it.each(formats)('unpacks a %s', async (format) => {
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
        'lib/libtool.so.1': { content: Buffer.alloc(5_000_000), executable: true },
        'lib/libtool.so': { target: 'libtool.so.1' },
        'lib/copy.so': { sameAs: 'lib/libtool.so.1' },
        'share/empty': { directory: true },
        'share/nothing': '',
        'bin/.tool-post-link.sh': { content: 'exit 1\n', executable: true },
        'Menu/tool.json': '{}',
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
      scripts: ['Menu/tool.json', 'bin/.tool-post-link.sh'],
    });
    expect(unpacked.noarch).toBeUndefined();
    expect(unpacked.files.map(({ path, type, executable }) => [path, type, executable])).toEqual([
      ['Menu/tool.json', 'file', false],
      ['bin/.tool-post-link.sh', 'file', true],
      ['bin/tool', 'file', true],
      ['lib/copy.so', 'file', true],
      ['lib/libtool.so', 'link', false],
      ['lib/libtool.so.1', 'file', true],
      ['share/empty', 'directory', false],
      ['share/nothing', 'file', false],
    ]);
    expect(unpacked.files[2]?.placeholder).toEqual({ text: '/opt/placeholder', mode: 'text' });
    for (const { path, type, sha256: digest, size, executable, target } of unpacked.files) {
      const at = join(unpacked.folder, path);
      if (type === 'directory') expect(lstatSync(at).isDirectory()).toBe(true);
      else if (type === 'link') expect(readlinkSync(at)).toBe(target);
      else {
        expect(sha256(readFileSync(at))).toBe(digest);
        expect(statSync(at)).toMatchObject({ size, mode: executable ? 0o100555 : 0o100444 });
      }
    }
    expect(await store.findConda(made.sha256)).toEqual(unpacked);
    expect(readdirSync(unpacked.infoFolder).sort()).toEqual(['about.json', 'files', 'index.json', 'paths.json']);
    expect(await store.verify({ repair: false })).toMatchObject({ damaged: [] });
  });

  it.skipIf(data === undefined)('unpacks real packages (TERROIR_TEST_DATA)', async () => {
    const problems: string[] = [];
    for (const subdir of ['linux-64', 'noarch'])
      for (const filename of readdirSync(join(data ?? '', 'conda', subdir))) {
        const unpacked = await bring({
          filename,
          bytes: readFileSync(join(data ?? '', 'conda', subdir, filename)),
        }).catch((error: unknown) => {
          problems.push(String(error));
        });
        if (unpacked) expect(existsSync(unpacked.folder)).toBe(true);
      }
    expect(problems).toEqual([]);
  });
});
