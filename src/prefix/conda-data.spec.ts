import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeholder } from '../../test/kit/conda-folder.ts';
import {
  type CondaMachine,
  condaPackage,
  createCondaMachine,
  type InstalledConda,
  readCondaPackage,
} from '../../test/kit/conda-machine.ts';
import { findInterpreter } from '../io/index.ts';
import { activateConda } from '../targets/index.ts';

const data = process.env.TERROIR_TEST_DATA;

describe.skipIf(data === undefined)('packages that conda’s own tools made (TERROIR_TEST_DATA)', () => {
  let root: string;
  let machine: CondaMachine;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-data-'));
    machine = createCondaMachine(root);
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const real = (file: string): InstalledConda => {
    const [subdir = '', filename = ''] = file.split('/');
    const bytes = readFileSync(join(data ?? '', 'conda', file));
    return readCondaPackage(filename, bytes, {
      subdir,
      ...(subdir === 'noarch' ? { noarch: /-py_/.test(filename) ? 'python' : 'generic' } : {}),
    });
  };

  it('clobber each other in the order of the lock', async () => {
    const [a, b] = [real('noarch/clobber-a-1.0-0.conda'), real('noarch/clobber-b-1.0-0.conda')];
    for (const [packages, text] of [
      [[a, b], 'clobber-b'],
      [[b, a], 'clobber-a'],
    ] as const) {
      const { prefix } = await machine.install(packages);
      expect(readFileSync(join(prefix.path, 'bin/clobber-test-file'), 'utf8').trim()).toBe(text);
      expect(prefix.notes).toEqual([expect.stringContaining('`bin/clobber-test-file`')]);
      expect((await machine.prefixes.verify(prefix.key)).damaged).toEqual([]);
    }
  });

  it.each(['conda', 'tar.bz2'])('have links and a text that names the prefix: zlib as %s', async (format) => {
    const { prefix } = await machine.install([real(`linux-64/zlib-1.2.11-h7b6447c_3.${format}`)]);
    expect(readFileSync(join(prefix.path, 'lib/pkgconfig/zlib.pc'), 'utf8')).toContain(`prefix=${prefix.path}\n`);
    expect(readlinkSync(join(prefix.path, 'lib/libz.so'))).toBe('libz.so.1.2.11');
    expect(existsSync(join(prefix.path, 'lib/libz.so.1'))).toBe(true);
    expect((await machine.prefixes.verify(prefix.key)).damaged).toEqual([]);
  });

  it('are activated, and are reported where conda would run a script', async () => {
    const { prefix } = await machine.install(
      ['activate_deactivate_package-1.0-0', 'small-executable-1.0-0', 'post_link_run_in_env_package-1.0-0'].map(
        (name) => real(`noarch/${name}.conda`),
      ),
    );
    const { env } = await activateConda(
      prefix.path,
      { callerEnv: { PATH: '/usr/bin:/bin' }, binFolder: join(prefix.path, 'bin') },
      { name: 'data', variables: {}, cwd: '/' },
    );
    expect(env.PATH).toBe(`teststringfromactivate/bin/test:${prefix.path}/bin:/usr/bin:/bin`);
    expect(execFileSync('small', { encoding: 'utf8', env })).not.toBe('');
    expect(prefix.notes).toEqual([expect.stringContaining('`bin/.post_link_run_in_env_package-post-link.sh`')]);
  });

  it('go to Python’s own folder when they are noarch', async () => {
    const python = condaPackage({ name: 'python', version: '3.9.1', files: { 'bin/python3.9': '' } });
    const { prefix } = await machine.install([python, real('noarch/sample_noarch_python-1.0-py_0.conda')]);
    expect(existsSync(join(prefix.path, 'lib/python3.9/site-packages/sample.py'))).toBe(true);
  });

  it('make records that rattler reads, where it is installed (py-rattler)', async (context) => {
    const search = { env: process.env, home: root, cacheFolder: join(root, 'interpreters') };
    const { executable } = await findInterpreter(search, { fits: () => true, subject: 'any Python' });
    const program =
      'import sys, glob, rattler, pathlib\nfor f in sorted(glob.glob(sys.argv[1] + "/conda-meta/*.json")):\n r = rattler.PrefixRecord.from_path(pathlib.Path(f))\n print(r.name.normalized, r.version, len(r.files), len(r.paths_data.paths))';
    const peer = [process.env.TERROIR_RATTLER_PYTHON, executable].find((each) => {
      try {
        execFileSync(each ?? '', ['-c', 'import rattler'], { stdio: 'ignore' });
        return true;
      } catch {
        return false;
      }
    });
    if (peer === undefined)
      context.skip('there is no py-rattler; TERROIR_RATTLER_PYTHON may name a Python that has it');
    const named = condaPackage({
      name: 'named',
      files: {
        'lib/a.so': { content: `${placeholder}\0`, placeholder: { text: placeholder, mode: 'binary' } },
        'lib/b.so': { target: 'a.so' },
        'var/empty': { directory: true },
      },
    });
    const { prefix } = await machine.install([named, real('linux-64/zlib-1.2.11-h7b6447c_3.conda')]);
    expect(execFileSync(peer ?? '', ['-c', program, prefix.path], { encoding: 'utf8' })).toBe(
      'named 1.0 3 3\nzlib 1.2.11 7 7\n',
    );
  });
});
