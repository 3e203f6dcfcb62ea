import { execFile } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lock, LockedPackage } from '../../src/schema/index.ts';
import { realPackages } from '../kit/conda/real-packages.ts';
import { type CondaChannel, startCondaChannel } from '../kit/conda-channel.ts';
import { makeCondaPackage } from '../kit/conda-package.ts';
import { defaultPython } from '../kit/locker.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { uvForTests } from '../kit/uv.ts';
import { makeWheel } from '../kit/wheel.ts';

interface Captured {
  kind: string;
  text: string;
  findings: { kind: string; message: string; paths?: string[]; count?: number }[];
  packages: { conda: number; pypi: number };
}

const project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n';
/** The smallest build backend that can make an editable install. */
const backend = `
import zipfile, pathlib
def build_editable(folder, *_, **__):
    name = "mine-0.1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as z:
        z.writestr("mine.pth", str(pathlib.Path(__file__).parent))
        z.writestr("mine-0.1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: mine\\nVersion: 0.1\\n")
        z.writestr("mine-0.1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        z.writestr("mine-0.1.dist-info/RECORD", "mine.pth,,\\nmine-0.1.dist-info/METADATA,,\\nmine-0.1.dist-info/WHEEL,,\\nmine-0.1.dist-info/RECORD,,\\n")
    return name
`;

describe('capturing an environment', () => {
  let index: PypiIndex;
  let channel: CondaChannel;
  let sandbox: Sandbox;
  let minor: string;
  const capture = async (...args: string[]): Promise<Captured> =>
    await sandbox.json<Captured>(['env', 'capture', ...args]);
  const lockOf = async (name: string): Promise<Lock> =>
    (await sandbox.json<{ lock: Lock }>(['env', 'lock', name])).lock;
  const kinds = ({ findings }: Captured): string[] => findings.map(({ kind }) => kind).sort();

  beforeAll(async () => {
    const real = await realPackages();
    minor = real.python.minor;
    index = await startPypiIndex([
      makeWheel({ name: 'press', version: '2.0', requires: ['vat'] }),
      makeWheel({ name: 'press', version: '3.0' }),
      makeWheel({ name: 'vat', version: '1.1' }),
      makeWheel({ name: 'Hill_Side', version: '4.0', scripts: { climb: '#!python\nprint("up")\n' } }),
    ]);
    channel = await startCondaChannel(real.packages);
    sandbox = await createSandbox({ index: index.url });
  });
  afterAll(async () => {
    await index.close();
    await channel.close();
    await sandbox.remove();
  });

  describe('a venv', () => {
    let venv: string;
    const uv = async (...args: string[]): Promise<void> => {
      const { path } = await uvForTests();
      const env = { PATH: process.env.PATH, HOME: join(sandbox.folder, '..', 'home'), UV_DEFAULT_INDEX: index.url };
      await promisify(execFile)(path, [...args, '--no-config', '-q'], { env });
    };
    const site = (...path: string[]): string => join(venv, 'lib', `python${minor}`, 'site-packages', ...path);

    beforeAll(async () => {
      venv = join(sandbox.folder, 'venv');
      await uv('venv', '--python', (await defaultPython()).executable, venv);
      await uv('pip', 'install', '--python', venv, '--link-mode', 'copy', 'press==2.0', 'hill-side');
    });

    it('says what is in it, and finds nothing odd', async () => {
      const captured = await capture('--prefix', 'venv');
      expect(captured).toMatchObject({ kind: 'venv', packages: { conda: 0, pypi: 3 }, findings: [] });
      expect(captured.text).toBe(
        `python:\n  version: "${minor}"\nrequirements:\n  - hill-side==4.0\n  - press==2.0\n  - vat==1.1\n`,
      );
    });

    it('registers and locks it: the same packages again', async () => {
      await capture('--prefix', 'venv', '--name', 'from-venv');
      const lock = await lockOf('from-venv');
      expect(lock.packages.map(({ name, version }) => `${name} ${version}`)).toEqual([
        'hill-side 4.0',
        'vat 1.1',
        'press 2.0',
      ]);
      const outcome = await sandbox.run(['env', 'exec', 'from-venv', '--', 'climb']);
      expect(outcome).toMatchObject({ exitCode: 0, stdout: 'up\n' });
      // And once more, from what Terroir made.
      const { prefix } = await sandbox.json<{ prefix: string }>(['env', 'prefix', 'from-venv']);
      const again = await capture('--prefix', prefix);
      expect(again).toMatchObject({ findings: [], text: (await capture('--prefix', 'venv')).text });
    });

    it('is the active one where none is named', async () => {
      const outcome = await sandbox.run(['env', 'capture'], { env: { VIRTUAL_ENV: venv } });
      expect(outcome.stdout).toContain('- press==2.0');
      expect((await sandbox.run(['env', 'capture'])).exitCode).toBe(2);
    });

    it('names what it cannot bring back', async () => {
      mkdirSync(join(sandbox.folder, 'mine'));
      writeFileSync(join(sandbox.folder, 'mine', 'pyproject.toml'), project);
      writeFileSync(join(sandbox.folder, 'mine', 'backend.py'), backend);
      await uv('pip', 'install', '--python', venv, '-e', join(sandbox.folder, 'mine'));
      appendFileSync(site('vat', '__init__.py'), '# changed\n');
      writeFileSync(site('loose.py'), 'by hand');
      rmSync(site('hill_side', '__init__.py'));
      const captured = await capture('--prefix', 'venv');
      expect(kinds(captured)).toEqual(['editable', 'missing', 'modified', 'ownerless']);
      const find = (kind: string) => captured.findings.find((each) => each.kind === kind);
      expect(find('editable')?.message).toContain('`mine` is an editable install of `file:///');
      expect(find('modified')?.paths).toEqual([`lib/python${minor}/site-packages/vat/__init__.py`]);
      expect(find('missing')?.paths).toEqual([`lib/python${minor}/site-packages/hill_side/__init__.py`]);
      expect(find('ownerless')?.paths).toEqual([`lib/python${minor}/site-packages/loose.py`]);
      expect(captured.text).not.toContain('mine');
      const shown = await sandbox.run(['env', 'capture', '--prefix', 'venv']);
      expect(shown.stderr).toContain('editable install');
      expect(shown.stdout).toBe(captured.text);
    });

    it('a local wheel, the packages of the system, and a metadata that nobody can read', async () => {
      const wheel = makeWheel({ name: 'cask', version: '0.5' });
      await sandbox.write(wheel.filename, wheel.bytes);
      await uv('pip', 'install', '--python', venv, join(sandbox.folder, wheel.filename));
      writeFileSync(site('press-2.0.dist-info', 'direct_url.json'), '{"url": 1}');
      const settings = await readFile(join(venv, 'pyvenv.cfg'), 'utf8');
      writeFileSync(
        join(venv, 'pyvenv.cfg'),
        settings.replace('include-system-site-packages = false', 'include-system-site-packages = true'),
      );
      const found = kinds(await capture('--prefix', 'venv'));
      expect(found).toEqual(expect.arrayContaining(['local', 'no-metadata', 'system-packages']));
    });
  });

  describe('a conda environment', () => {
    let prefix: string;
    let original: Lock;

    beforeAll(async () => {
      await sandbox.write(
        'environment.yml',
        `channels: [${channel.url}]\ndependencies:\n  - python=${minor}\n  - where\n  - tasting\n  - pip:\n      - press==2.0\n`,
      );
      const pip = makeCondaPackage({ name: 'pip', version: '99.0', noarch: 'python', depends: ['python'], files: {} });
      channel.publish('main', pip);
      await sandbox.json(['env', 'create', 'environment.yml', '--name', 'original']);
      original = await lockOf('original');
      const made = await sandbox.json<{ prefix: string }>(['env', 'prefix', 'original']);
      prefix = join(sandbox.folder, 'copied');
      await promisify(execFile)('cp', ['-r', made.prefix, prefix]);
    });

    it('that Terroir made: the same packages, to the digest', async () => {
      const { prefix: made } = await sandbox.json<{ prefix: string }>(['env', 'prefix', 'original']);
      const captured = await capture('--prefix', made, '--name', 'again');
      expect(captured).toMatchObject({ kind: 'conda', findings: [] });
      const again = await lockOf('again');
      const key = ({ kind, name, sha256 }: LockedPackage): string => `${kind} ${name} ${sha256}`;
      expect(again.packages.map(key)).toEqual(original.packages.map(key));
      expect(again.python).toEqual(original.python);
    });

    it('that others changed: names what it cannot bring back', async () => {
      const inside = (...path: string[]): string => join(prefix, ...path);
      const site = inside('lib', `python${minor}`, 'site-packages');
      const write = (path: string, text: string): void => {
        rmSync(path, { force: true });
        writeFileSync(path, text);
      };
      for (const folder of [inside('share'), inside('conda-meta'), inside('bin'), site, join(site, 'tasting')])
        chmodSync(folder, 0o755);
      write(inside('share', 'where'), 'elsewhere\n');
      write(inside('share', 'loose'), '');
      rmSync(inside('bin', 'where-script'));
      const record = JSON.parse(await readFile(inside('conda-meta', 'tasting-1.2-py_0.json'), 'utf8'));
      write(
        inside('conda-meta', 'tasting-1.2-py_0.json'),
        JSON.stringify({ ...record, url: 'file:///opt/tasting-1.2-py_0.tar.bz2' }),
      );
      // What `pip install --upgrade` does to a package of conda's.
      renameSync(join(site, 'tasting-1.2.dist-info'), join(site, 'tasting-2.0.dist-info'));
      write(join(site, 'tasting-2.0.dist-info', 'INSTALLER'), 'pip\n');
      const captured = await capture('--prefix', prefix);
      expect(kinds(captured)).toEqual(['missing', 'modified', 'no-url', 'over-conda', 'ownerless']);
      const paths = (kind: string) => captured.findings.find((each) => each.kind === kind)?.paths;
      expect(paths('modified')).toContain('share/where');
      expect(paths('missing')).toContain('bin/where-script');
      expect(paths('ownerless')).toContain('share/loose');
      expect(captured.text).not.toContain('tasting=');
      expect(captured.text).toContain('- press==2.0');
    });
  });

  it.each([
    ['a folder that is not there', 'nowhere', 4],
    ['a folder that is no environment', '.', 3],
  ])('%s', async (_what, prefix, code) => {
    expect((await sandbox.run(['env', 'capture', '--prefix', prefix])).exitCode).toBe(code);
  });
});
