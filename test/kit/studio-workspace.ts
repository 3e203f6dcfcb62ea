import { join } from 'node:path';
import { type PypiIndex, startPypiIndex } from './pypi-index.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';
import { type Served, startServe } from './serve.ts';
import { makeWheel } from './wheel.ts';

/** A workspace with environments, locks, runs and a model, made by the command line, and its server. */
export interface StudioWorkspace {
  sandbox: Sandbox;
  served: Served;
  index: PypiIndex;
  close(): Promise<void>;
}

const wheels = [
  ['scikit-learn', '1.5.2', ['numpy>=1.2', 'scipy', 'joblib', 'threadpoolctl'], 120_000],
  ['scikit-learn', '1.6.0', ['numpy>=1.2', 'scipy', 'joblib', 'threadpoolctl'], 130_000],
  ['numpy', '2.1.0', [], 90_000],
  ['numpy', '2.2.0', [], 95_000],
  ['scipy', '1.14.1', ['numpy'], 220_000],
  ['joblib', '1.4.2', [], 30_000],
  ['threadpoolctl', '3.5.0', [], 3000],
  ['pandas', '2.2.3', ['numpy', 'python-dateutil', 'pytz'], 110_000],
  ['python-dateutil', '2.9.0', ['six'], 20_000],
  ['pytz', '2024.2', [], 50_000],
  ['six', '1.16.0', [], 1000],
] as const;

export async function createStudioWorkspace(): Promise<StudioWorkspace> {
  const index = await startPypiIndex(
    wheels.map(([name, version, requires, size]) =>
      makeWheel({
        name,
        version,
        requires: [...requires],
        files: { [`${name.replaceAll('-', '_')}/data.bin`]: randomText(size) },
      }),
    ),
  );
  const sandbox = await createSandbox({
    index: index.url,
    env: { TERROIR_CATALOG: join(import.meta.dirname, '..', '..', 'catalog') },
  });
  const create = async (text: string, ...args: string[]): Promise<void> => {
    await sandbox.write('environment.yml', text);
    await sandbox.json(['env', 'create', 'environment.yml', ...args]);
  };
  await create(iris('scikit-learn==1.5.2', 'numpy==2.1.0', 'joblib', 'six'));
  await sandbox.json(['env', 'lock', 'iris']);
  await create(iris('scikit-learn==1.6.0', 'numpy==2.2.0', 'joblib', 'pandas'));
  await sandbox.json(['env', 'lock', 'iris']);
  await create('name: churn\ndescription: Weekly churn scores\ntags: {team: growth}\nrequirements: [pandas]\n');
  await create('name: plain\npython: {user_managed: true}\n');
  await create('name: retired\nrequirements: [six]\n');
  await sandbox.json(['env', 'archive', 'retired']);
  await sandbox.write(
    'train.py',
    'import os, sys\nprint("fold 1: accuracy 0.961")\nprint("fold 2: accuracy 0.973")\nos.makedirs("outputs", exist_ok=True)\nopen("outputs/model", "w").write("m" * 1000)\n',
  );
  await sandbox.run(['run', '--env', 'plain', '--', 'python3', 'train.py']);
  const { items } = await sandbox.json<{ items: { id: string }[] }>(['runs', 'list']);
  const id = items[0]?.id ?? '';
  await sandbox.json(['model', 'register', '--run', id, '--name', 'iris-forest', '--path', 'outputs/model']);
  await sandbox.run(['run', '--env', 'plain', '--', 'python3', '-c', 'raise SystemExit("no data in /mnt/iris")']);
  const served = await startServe(sandbox);
  return {
    sandbox,
    served,
    index,
    close: async () => {
      await served.stop();
      await sandbox.remove();
      await index.close();
    },
  };
}

function iris(...requirements: string[]): string {
  return [
    'name: iris',
    'description: scikit-learn for the iris example, as the course of spring uses it',
    'tags: {team: vision, stage: production}',
    '# The course wants exactly this',
    'python: {version: "3.11"}',
    'requirements:',
    ...requirements.map((line) => `  - ${line}`),
    'environment_variables:',
    '  OMP_NUM_THREADS: "1"',
    '',
  ].join('\n');
}

/** Text that does not compress to nothing, and is the same each time. */
function randomText(size: number): string {
  let state = 42;
  let text = '';
  while (text.length < size) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += state.toString(36);
  }
  return text;
}
