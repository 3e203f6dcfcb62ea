import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealPackages, realPackages } from '../kit/conda/real-packages.ts';
import { type CondaChannel, startCondaChannel } from '../kit/conda-channel.ts';
import { makeCondaPackage } from '../kit/conda-package.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

interface PrefixView {
  prefix: string;
  interpreter: string | null;
  pythonVersion: string | null;
  outcome: string;
  notes?: string[];
  damaged?: unknown[];
}

const postLink = makeCondaPackage({
  name: 'linker',
  version: '1.0',
  noarch: 'generic',
  files: {
    'bin/.linker-post-link.sh': { content: 'touch "$PREFIX/was-run"\n', executable: true },
    'Menu/linker.json': '{}',
  },
});
/** It says what a kernel would be started with. */
const kernel = makeCondaPackage({
  name: 'ipykernel',
  version: '7.0',
  noarch: 'python',
  depends: ['python'],
  files: {
    'site-packages/ipykernel_launcher.py':
      'import os, sys\nprint(sys.argv[1:], sys.prefix == os.environ["CONDA_PREFIX"], os.environ["CELLAR_SHARE"], os.environ["VINTAGE"])\n',
  },
});
const grape = makeWheel({
  name: 'grape',
  version: '1.0',
  files: {
    'grape.py': 'def main():\n    import sys\n    print("grown in", sys.prefix)\n',
    'tasting/extra.py': '',
    'tasting/__init__.py': 'taken = True\n',
  },
  entryPoints: { console_scripts: { grape: 'grape:main' } },
});

describe('an environment of conda packages, without a Python of the machine', () => {
  let real: RealPackages;
  let channel: CondaChannel;
  let index: PypiIndex;
  let sandbox: Sandbox;
  beforeAll(async () => {
    real = await realPackages();
    channel = await startCondaChannel([...real.packages, postLink, kernel]);
    index = await startPypiIndex([grape]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write(
      'wine.yml',
      JSON.stringify({
        name: 'wine',
        conda_file: {
          channels: [channel.url],
          dependencies: ['python', 'tasting', 'where', 'cellar', 'linker', 'ipykernel', { pip: ['grape'] }],
          variables: { VINTAGE: '1990', STRONG: 'conda file' },
        },
        environment_variables: { STRONG: 'definition' },
      }),
    );
  }, 600_000);
  afterAll(async () => {
    await sandbox.remove();
    await index.close();
    await channel.close();
  });

  const exec = async (...words: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await sandbox.run(['env', 'exec', 'wine', '--', ...words]);
    if (exitCode !== 0) throw new Error(stderr);
    return stdout;
  };

  it('is made as a directory, and says what it left out', { timeout: 120_000 }, async () => {
    const made = await sandbox.json<PrefixView>(['env', 'prefix', 'wine.yml']);
    expect(made).toMatchObject({
      outcome: 'made',
      interpreter: `${made.prefix}/bin/python`,
      pythonVersion: real.python.version,
      notes: [
        'linker has what conda runs when it installs (`Menu/linker.json`, `bin/.linker-post-link.sh`); Terroir never does: if it is needed, do the same in `docker_steps`',
        expect.stringContaining('grape has a file that tasting has too'),
      ],
    });
    const again = await sandbox.run(['env', 'prefix', 'wine', '--verify']);
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain('warning: linker has what conda runs');
    expect((await sandbox.json<PrefixView>(['env', 'prefix', 'wine', '--verify'])).damaged).toEqual([]);
    expect(await sandbox.run(['env', 'exec', 'wine', '--', 'sh', '-c', 'ls "$CONDA_PREFIX/was-run"'])).toMatchObject({
      exitCode: 2,
    });
  });

  it('runs commands in it, activated', { timeout: 120_000 }, async () => {
    const { prefix } = await sandbox.json<PrefixView>(['env', 'prefix', 'wine']);
    // The wheel came last: what calls the module that it took is not what conda's package had.
    expect(await exec('grape')).toBe(`grown in ${prefix}\n`);
    expect(await exec('where-script')).toBe(`${prefix}/share/where\n`);
    expect(await exec('where-program')).toBe(`${prefix}/share/where\n`);
    expect(await exec('python', '-c', 'import tasting, sys; print(tasting.taken, sys.executable)')).toBe(
      `True ${prefix}/bin/python\n`,
    );
    const shown = await exec(
      'sh',
      '-c',
      'echo "$CELLAR_SHARE $VINTAGE $STRONG $CONDA_PREFIX $CONDA_SHLVL ${VIRTUAL_ENV-none}"',
    );
    expect(shown).toBe(`${prefix}/share/cellar 1990 definition ${prefix} 1 none\n`);
    const refused = await sandbox.run(['env', 'exec', 'wine', '--', 'python', '-m', 'ensurepip']);
    expect(refused.exitCode).not.toBe(0);
  });

  it('is on the record of a run, and a replay has the same', { timeout: 120_000 }, async () => {
    const words = ['python', '-c', 'import os; print(os.environ["CELLAR_SHARE"])'];
    const run = await sandbox.run(['run', '--env', 'wine', '--json', '--', ...words]);
    expect(run.exitCode, run.stderr).toBe(0);
    const { items } = await sandbox.json<{ items: Record<string, unknown>[] }>(['runs', 'list']);
    const record = await sandbox.json(['runs', 'show', String(items[0]?.id)]);
    const { prefix } = await sandbox.json<PrefixView>(['env', 'prefix', 'wine']);
    expect(record).toMatchObject({
      status: 'Completed',
      prefix,
      interpreter: { path: `${prefix}/bin/python`, version: real.python.version, implementation: 'cpython' },
      environmentVariables: { VINTAGE: '1990', STRONG: 'definition' },
      notes: expect.arrayContaining([expect.stringContaining('linker has what conda runs')]),
    });
    const replay = await sandbox.run(['runs', 'replay', String(record.id)]);
    expect(replay.exitCode, replay.stderr).toBe(0);
    expect(replay.stdout).toContain(`${prefix}/share/cellar\n`);
  });

  it('is a kernel that starts activated', { timeout: 120_000 }, async () => {
    const { folder } = await sandbox.json<{ folder: string }>([
      'env',
      'kernel',
      'wine',
      '--jupyter-path',
      join(sandbox.folder, 'jupyter'),
    ]);
    const { argv, env } = JSON.parse(await readFile(join(folder, 'kernel.json'), 'utf8')) as {
      argv: [string, ...string[]];
      env: Record<string, string>;
    };
    const [program, ...args] = argv;
    const PATH = env.PATH?.replace('${PATH}', '/usr/bin:/bin');
    const started = spawnSync(program, args, { encoding: 'utf8', env: { ...env, PATH } });
    expect(started.stderr).toBe('');
    const { prefix } = await sandbox.json<PrefixView>(['env', 'prefix', 'wine']);
    expect(started.stdout).toBe(`['-f', '{connection_file}'] True ${prefix}/share/cellar 1990\n`);
  });

  it('refuses a machine that lacks what the lock asks for, before anything is fetched', {
    timeout: 60_000,
  }, async () => {
    await sandbox.write(
      'gpu.yml',
      JSON.stringify({
        name: 'gpu',
        conda_file: { channels: [channel.url], dependencies: ['where'] },
        system_requirements: { cuda: '99.0' },
      }),
    );
    await sandbox.json(['env', 'lock', 'gpu.yml']);
    const before = channel.requests.length;
    const { exitCode, stderr } = await sandbox.run(['env', 'prefix', 'gpu']);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('the lock needs a driver for CUDA 99.0, and this machine has');
    expect(channel.requests.length).toBe(before);
    const overruled = await sandbox.run(['env', 'prefix', 'gpu'], { env: { CONDA_OVERRIDE_CUDA: '99.1' } });
    expect(overruled.exitCode, overruled.stderr).toBe(0);
  });

  it('works without any Python', { timeout: 60_000 }, async () => {
    await sandbox.write(
      'bare.yml',
      JSON.stringify({ name: 'bare', conda_file: { channels: [channel.url], dependencies: ['where'] } }),
    );
    const made = await sandbox.json<PrefixView>(['env', 'prefix', 'bare.yml']);
    expect(made).toMatchObject({ interpreter: null, pythonVersion: null });
    const { exitCode, stdout } = await sandbox.run(['run', '--env', 'bare', '--', 'where-script']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${made.prefix}/share/where\n` });
    const refused = await sandbox.run(['env', 'prefix', 'bare', '--python']);
    expect(refused.stderr).toContain('bare has no Python');
  });

  it('names the file that has no room for a prefix in a folder with a long path', { timeout: 60_000 }, async () => {
    const far = join(sandbox.folder, 'x'.repeat(200));
    const { exitCode, stderr } = await sandbox.run(['env', 'prefix', 'bare'], { env: { TERROIR_HOME: far } });
    expect(exitCode).toBe(6);
    expect(stderr).toMatch(/`bin\/where-program` of where has room for a path of \d+ bytes/);
    expect(stderr).toContain('TERROIR_HOME');
  });

  it('trains a real model, in prefixes of different length', { timeout: 300_000 }, async (context) => {
    if (real.without !== undefined) context.skip(real.without);
    await sandbox.write(
      'train.py',
      'from sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\nimport sys\nx, y = load_iris(return_X_y=True)\nprint(sys.prefix, LogisticRegression(max_iter=500).fit(x, y).score(x, y) > 0.95)\n',
    );
    await sandbox.write(
      'train.yml',
      JSON.stringify({
        name: 'train',
        conda_file: { channels: [channel.url], dependencies: ['python', 'scikit-learn', 'where'] },
      }),
    );
    for (const store of [join(sandbox.folder, 's'), join(sandbox.folder, 'a'.repeat(60))]) {
      const env = { TERROIR_HOME: store };
      const { prefix } = await sandbox.json<PrefixView>(['env', 'prefix', 'train.yml'], { env });
      const trained = await sandbox.run(['run', '--env', 'train', '--', 'python', 'train.py'], { env });
      expect(trained.stdout).toBe(`${prefix} True\n`);
      const where = await sandbox.run(['env', 'exec', 'train', '--', 'where-program'], { env });
      expect(where.stdout).toBe(`${prefix}/share/where\n`);
      const after = await sandbox.json<PrefixView>(['env', 'prefix', 'train', '--verify'], { env });
      expect(after.damaged).toEqual([]);
    }
  });
});
