import { readdirSync, readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lock, ModelRecord, RunRecord } from '../../src/schema/index.ts';
import { type RealPackages, realPackages } from '../kit/conda/real-packages.ts';
import { type CondaChannel, startCondaChannel } from '../kit/conda-channel.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

const train = `
import hashlib, json, pathlib, pickle, sys
import sklearn
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

data, target = load_iris(return_X_y=True)
model = RandomForestClassifier(n_estimators=20, random_state=0).fit(data, target)
out = pathlib.Path(sys.argv[1])
out.joinpath("model.pkl").write_bytes(pickle.dumps(model))
print(json.dumps({
    "prefix": sys.prefix,
    "python": list(sys.version_info[:3]),
    "sklearn": sklearn.__version__,
    "score": model.score(data, target),
    "predicted": hashlib.sha256(model.predict_proba(data).tobytes()).hexdigest(),
}))
`;

const job = `
code: code
command: python train.py \${{outputs.model}}
environment: azureml:forest@latest
outputs:
  model: { type: uri_folder }
`;

interface Trained {
  prefix: string;
  python: number[];
  score: number;
  predicted: string;
}

const real = await realPackages();
const noLearning =
  real.without === undefined ? '' : ` (skipped: no index of Python packages answers: ${real.without.slice(0, 200)})`;

/** A Python and libraries that are real: everything else of the product's main job, on top of conda. */
describe('a job in a system-managed environment', () => {
  let channel: CondaChannel;
  let index: PypiIndex;
  let sandbox: Sandbox;
  const { python }: RealPackages = real;

  beforeAll(async () => {
    channel = await startCondaChannel(real.packages);
    index = await startPypiIndex([
      makeWheel({ name: 'vineyard', version: '1.0', requires: ['numpy>=1'] }),
      makeWheel({ name: 'vineyard', version: '1.1', requires: ['numpy>=1', 'hills'] }),
      makeWheel({
        name: 'hills',
        version: '3.0',
        entryPoints: { console_scripts: { climb: 'hills:main' } },
        files: { 'hills/__init__.py': 'import sys\n\ndef main():\n    print("climbed in", sys.prefix)\n' },
      }),
    ]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write(
      'environment.yml',
      `channels: [${channel.url}]\ndependencies:\n  - python=${python.minor}\n  - scikit-learn\n`,
    );
    await sandbox.write('code/train.py', train);
    await sandbox.write('job.yml', job);
    await sandbox.json(['env', 'create', 'environment.yml', '--name', 'forest']);
  });
  afterAll(async () => {
    await channel.close();
    await index.close();
    await sandbox.remove();
  });

  let first: RunRecord;
  let trained: Trained;

  it.skipIf(noLearning)(`solves, locks, fetches, installs and trains a model${noLearning}`, async () => {
    const outcome = await sandbox.run(['run', 'job.yml']);
    expect(outcome.stderr).toContain('Solving for');
    expect(outcome.exitCode).toBe(0);
    trained = JSON.parse(outcome.stdout) as Trained;
    expect(trained.score).toBeGreaterThan(0.95);
    expect(trained.prefix).toContain(sandbox.env.TERROIR_HOME);
    expect(trained.python.join('.')).toBe(python.version);
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list']);
    first = await sandbox.json<RunRecord>(['runs', 'show', items[0]?.id ?? '']);
    expect(first).toMatchObject({
      status: 'Completed',
      environment: { name: 'forest', version: '1' },
      lockRevision: 1,
    });
  });

  it.skipIf(noLearning)(`registers the model, and knows what trained it${noLearning}`, async () => {
    const model = await sandbox.json<ModelRecord>([
      'model',
      'register',
      '--run',
      first.id,
      '--name',
      'iris',
      '--path',
      'outputs/model',
    ]);
    expect(model).toMatchObject({ name: 'iris', version: '1', files: 1 });
    expect(await sandbox.json(['model', 'show', 'iris:1'])).toMatchObject({
      environment: { name: 'forest', version: '1' },
      lockDigest: first.lockDigest,
    });
  });

  it.skipIf(noLearning)(`asks nobody the second time, and works offline${noLearning}`, async () => {
    const asked = channel.requests.length;
    const outcome = await sandbox.run(['--offline', 'run', 'job.yml']);
    expect(outcome.stderr).toMatch(/Environment of \d+ packages \(cached/);
    expect(JSON.parse(outcome.stdout)).toEqual(trained);
    expect(channel.requests.length).toBe(asked);
  });

  it.skipIf(noLearning)(`makes the same at a prefix of another length, from another store${noLearning}`, async () => {
    const home = join(sandbox.folder, '..', 'a-store-with-a-much-longer-name-than-the-first-one-has');
    const outcome = await sandbox.run(['run', 'job.yml'], { env: { TERROIR_HOME: home } });
    expect(outcome.exitCode).toBe(0);
    const again = JSON.parse(outcome.stdout) as Trained;
    expect(again.prefix.length).toBeGreaterThan(trained.prefix.length);
    expect({ ...again, prefix: '' }).toEqual({ ...trained, prefix: '' });
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list', '--limit', '1']);
    expect(items[0]?.lockDigest).toBe(first.lockDigest);
  });

  it.skipIf(noLearning)(`replays after the channel and the store are gone${noLearning}`, async () => {
    await rm(sandbox.env.TERROIR_HOME as string, { recursive: true, force: true });
    const stop = channel.break({ path: '/', kind: 'status', status: 503 });
    const outcome = await sandbox.run(['runs', 'replay', first.id]);
    stop();
    expect(outcome.stderr).not.toContain('error');
    expect(outcome.exitCode).toBe(0);
    expect(JSON.parse(outcome.stdout)).toEqual(trained);
  });

  it('writes prefixes into scripts, programs and data, makes entry points, and activates', async () => {
    await sandbox.write(
      'tools.yml',
      `channels: [${channel.url}]\ndependencies: [python=${python.minor}, where, cellar, tasting]\n`,
    );
    await sandbox.json(['env', 'create', 'tools.yml', '--name', 'tools']);
    for (const home of ['s', 'another-store-whose-name-is-longer']) {
      const env = { TERROIR_HOME: join(sandbox.folder, '..', home) };
      const { prefix } = await sandbox.json<{ prefix: string }>(['env', 'prefix', 'tools'], { env });
      const exec = async (...command: string[]): Promise<string> => {
        const outcome = await sandbox.run(['env', 'exec', 'tools', '--', ...command], { env });
        expect(outcome.exitCode, outcome.stderr).toBe(0);
        return outcome.stdout;
      };
      expect(await exec('where-script')).toBe(`${prefix}/share/where\n`);
      if (readdirSync(join(prefix, 'bin')).includes('where-program'))
        expect(await exec('where-program')).toBe(`${prefix}/share/where\n`);
      const bytes = readFileSync(join(prefix, 'share/where.bin'));
      expect(bytes.subarray(0, 3)).toEqual(Buffer.from([1, 0, 2]));
      expect(bytes.at(-1)).toBe(3);
      expect(bytes.length).toBe(255 + '/share/where'.length + 5);
      expect(bytes.toString('latin1', 3).split('\0')[0]).toBe(`${prefix}/share/where`);
      expect(await exec('taste')).toBe(`tasted in ${prefix}\n`);
      expect(await exec('sh', '-c', 'echo "$CELLAR_SHARE"; echo "$CONDA_PREFIX"')).toBe(
        `${prefix}/share/cellar\n${prefix}\n`,
      );
      const sysconfig = 'import sysconfig; print(sysconfig.get_config_var("prefix"), sysconfig.get_path("purelib"))';
      expect(await exec('python', '-c', sysconfig)).toBe(
        `${prefix} ${prefix}/lib/python${python.minor}/site-packages\n`,
      );
      const records = readdirSync(join(prefix, 'conda-meta')).filter((name) => name.endsWith('.json'));
      expect(records.map((name) => name.replace(/-.*/, ''))).toEqual([
        'cellar',
        'python',
        'tasting',
        'tzdata',
        'where',
      ]);
    }
  });

  it.skipIf(noLearning)(`puts pip's packages on top of conda's, which count as installed${noLearning}`, async () => {
    await sandbox.write(
      'both.yml',
      `channels: [${channel.url}]\ndependencies:\n  - python=${python.minor}\n  - numpy\n  - pip\n  - pip:\n      - vineyard\n`,
    );
    await sandbox.json(['env', 'create', 'both.yml', '--name', 'both']);
    const { lock } = await sandbox.json<{ lock: Lock }>(['env', 'lock', 'both']);
    const wheels = lock.packages.filter(({ kind }) => kind === 'pypi').map(({ name }) => name);
    expect(wheels).toEqual(['hills', 'vineyard']);
    expect(lock.packages.find(({ name }) => name === 'numpy')?.kind).toBe('conda');
    const { prefix } = await sandbox.json<{ prefix: string }>(['env', 'prefix', 'both']);
    const exec = await sandbox.run(['env', 'exec', 'both', '--', 'climb']);
    expect(exec).toMatchObject({ exitCode: 0, stdout: `climbed in ${prefix}\n` });
    const list = await sandbox.run(['env', 'exec', 'both', '--', 'python', '-m', 'pip', 'check', '--no-color']);
    expect(list.stdout).toContain('No broken requirements found.');
    const diff = await sandbox.json<{ packages: { added: { name: string }[]; removed: { name: string }[] } }>([
      'env',
      'diff',
      'forest',
      'both',
    ]);
    expect(diff.packages.added.map(({ name }) => name)).toEqual(['hills', 'pip', 'vineyard']);
    expect(diff.packages.removed.map(({ name }) => name)).toContain('scikit-learn');
  });

  it('two processes at once make one environment', async () => {
    const home = join(sandbox.folder, '..', 'raced');
    await cp(join(sandbox.folder, 'tools.yml'), join(sandbox.folder, 'raced.yml'));
    const outcomes = await Promise.all(
      [0, 1].map(
        async () => await sandbox.run(['env', 'exec', 'raced.yml', '--', 'taste'], { env: { TERROIR_HOME: home } }),
      ),
    );
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(outcomes[0]?.stdout).toBe(outcomes[1]?.stdout);
    expect(readdirSync(join(home, 'v1', 'prefixes'))).toHaveLength(1);
  });
});
