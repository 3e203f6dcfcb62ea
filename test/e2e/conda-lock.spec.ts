import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CondaPackage, Lock, PypiPackage } from '../../src/schema/index.ts';
import {
  type CondaServer,
  condaPackage,
  condaRecord,
  distribution,
  type MadePackage,
  startCondaServer,
} from '../kit/conda-records.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

let server: CondaServer;
let index: PypiIndex;
let box: Sandbox;
let packages: MadePackage[];

const linux = { subdir: 'linux-64' };
const python311 = { depends: ['python >=3.11,<3.12.0a0'] };

beforeAll(async () => {
  server = await startCondaServer();
  index = await startPypiIndex([
    makeWheel({ name: 'tool', version: '1.0', requires: ['numpy>=1.20', 'rich'] }),
    makeWheel({ name: 'rich', version: '13.0' }),
    makeWheel({ name: 'rich', version: '12.0' }),
    makeWheel({ name: 'numpy', version: '1.26.4' }),
    makeWheel({ name: 'numpy', version: '2.1.0' }),
    makeWheel({ name: 'wants-new-numpy', version: '1.0', requires: ['numpy>=2'] }),
    makeWheel({ name: 'torch', version: '2.2.0' }),
    makeWheel({ name: 'uses-torch', version: '1.0', requires: ['torch>=2'] }),
  ]);
  packages = [
    await condaPackage('python', '3.11.7', { ...linux, depends: ['libc >=2', 'tzdata', '__glibc >=2.17'] }),
    await condaPackage('python', '3.12.1', { ...linux, depends: ['libc >=2', 'tzdata'] }),
    await condaPackage('libc', '2.1', linux),
    await condaPackage('tzdata', '2024a'),
    await condaPackage('pip', '24.0', { noarch: 'python', depends: ['python'], files: distribution('pip', '24.0') }),
    await condaPackage('numpy', '1.26.4', {
      ...linux,
      ...python311,
      build: 'py311_0',
      files: distribution('numpy', '1.26.4'),
      license: 'BSD-3-Clause',
      constrains: ['blas >=2'],
    }),
    await condaPackage('numpy', '1.25.0', {
      ...linux,
      ...python311,
      build: 'py311_0',
      files: distribution('numpy', '1.25.0'),
    }),
    await condaPackage('pytorch', '2.2.0', {
      ...linux,
      depends: [...python311.depends, 'numpy'],
      files: {
        ...distribution('torch', '2.2.0'),
        'lib/python3.11/site-packages/functorch-1.0-py3.11.egg-info': 'Name: functorch\n',
      },
    }),
    await condaPackage('web', '1.0', {
      noarch: 'python',
      depends: ['python'],
      files: {
        ...distribution('web', '1.0'),
        'lib/python3.11/site-packages/web-1.0.dist-info/METADATA':
          'Metadata-Version: 2.1\nName: web\nVersion: 1.0\nRequires-Dist: never\nProvides-Extra: fast\nRequires-Dist: rich;\n extra == "fast"\n\nRequires-Dist: text; extra == "fast"\n',
      },
    }),
    condaRecord('numpy', '1.26.4', { subdir: 'osx-arm64', build: 'py311_0', ...python311 }),
    condaRecord('python', '3.11.7', { subdir: 'osx-arm64', depends: ['__osx >=11.0', 'tzdata'] }),
    condaRecord('numpy', '1.26.4', { subdir: 'win-64', build: 'py311_0', ...python311 }),
    condaRecord('python', '3.11.7', { subdir: 'win-64', depends: ['__win', 'tzdata'] }),
    condaRecord('numpy', '1.26.4', { subdir: 'linux-aarch64', build: 'py311_0', ...python311 }),
    condaRecord('python', '3.11.7', {
      subdir: 'linux-aarch64',
      depends: ['__glibc >=2.17', '__archspec 1 aarch64', 'tzdata'],
    }),
  ];
});
afterAll(async () => {
  await server.close();
  await index.close();
});
beforeEach(async () => {
  server.channel('conda-forge', packages, {
    subdirs: ['linux-64', 'linux-aarch64', 'osx-arm64', 'win-64', 'noarch'],
  });
  box = await createSandbox({ index: index.url, env: { CONDA_CHANNEL_ALIAS: server.url } });
});
afterEach(async () => {
  expect(await readdir(join(box.env.TERROIR_HOME ?? '', 'v1', 'tmp')).catch(() => [])).toEqual([]);
  await box.remove();
});

const lockOf = async (...args: string[]): Promise<Lock> =>
  (await box.json<{ lock: Lock }>(['env', 'lock', 'environment.yml', ...args])).lock;
const names = (lock: Lock): string[] => lock.packages.map(({ name, version }) => `${name} ${version}`);
const seen = (): string[] => server.requests.splice(0).map(({ status, path }) => `${status} ${path}`);
const conda = (lock: Lock, name: string): CondaPackage | undefined =>
  lock.packages.filter((pkg) => pkg.kind === 'conda').find((pkg) => pkg.name === name);
const pypi = (lock: Lock): PypiPackage[] => lock.packages.filter((pkg) => pkg.kind === 'pypi');

test('a conda file locks: packages in install order, with all that installing needs', async () => {
  await box.write('environment.yml', 'name: x\nchannels: [conda-forge]\ndependencies: [numpy=1.26, python=3.11]\n');
  const lock = await lockOf();
  expect(names(lock)).toEqual(['libc 2.1', 'tzdata 2024a', 'python 3.11.7', 'numpy 1.26.4']);
  expect(lock.python).toEqual({ version: '3.11', source: 'conda' });
  expect(lock.inputs).toEqual({
    channels: [`${server.url}/conda-forge`],
    indexes: [],
    findLinks: [],
    virtualPackages: { __archspec: 'x86_64', __glibc: '2.28', __linux: '4.18', __unix: '0' },
    tools: { rattler: '0.3.5' },
  });
  const made = packages.find(({ filename }) => filename === 'numpy-1.26.4-py311_0.conda');
  expect(conda(lock, 'numpy')).toEqual({
    kind: 'conda',
    name: 'numpy',
    version: '1.26.4',
    build: 'py311_0',
    buildNumber: 0,
    filename: 'numpy-1.26.4-py311_0.conda',
    url: `${server.url}/conda-forge/linux-64/numpy-1.26.4-py311_0.conda`,
    channel: `${server.url}/conda-forge`,
    subdir: 'linux-64',
    sha256: made?.record.sha256,
    md5: made?.record.md5,
    size: made?.record.size,
    license: 'BSD-3-Clause',
    depends: ['python >=3.11,<3.12.0a0'],
    constrains: ['blas >=2'],
    dependencies: ['python'],
    requested: true,
  });
  expect(conda(lock, 'tzdata')?.requested).toBe(false);
});

test('the same lock again asks nothing; a relock asks whether something is new', async () => {
  await box.write('environment.yml', 'dependencies: [numpy]\n');
  const lock = await lockOf();
  seen();
  expect(await lockOf()).toEqual(lock);
  expect(seen()).toEqual([]);
  expect((await lockOf('--relock', '--dry-run')).digest).toBe(lock.digest);
  expect(seen().sort()).toEqual(['304 /conda-forge/linux-64/repodata.json', '304 /conda-forge/noarch/repodata.json']);
  const offline = await box.run(['--offline', 'env', 'lock', 'environment.yml', '--relock', '--dry-run']);
  expect(offline.exitCode).toBe(0);
  expect(offline.stdout).toContain('nothing moves');
  expect(seen()).toEqual([]);
});

test.each([
  ['linux-aarch64', { __archspec: 'aarch64', __glibc: '2.28', __linux: '4.18', __unix: '0' }],
  ['osx-arm64', { __archspec: 'm1', __osx: '13.0', __unix: '0' }],
  ['win-64', { __archspec: 'x86_64', __win: '10.0' }],
])('for %s from any machine', async (platform, virtualPackages) => {
  await box.write('environment.yml', 'dependencies: [numpy, python]\n');
  const lock = await lockOf('--platform', platform);
  expect(names(lock)).toEqual(['tzdata 2024a', 'python 3.11.7', 'numpy 1.26.4']);
  expect(lock.platform).toBe(platform);
  expect(conda(lock, 'python')?.subdir).toBe(platform);
  expect(lock.inputs.virtualPackages).toEqual(virtualPackages);
});

test('`env check --fix` pins what conda and pip bring, each to its own version, and leaves the rest as it is', async () => {
  const open = `# top
channels: [conda-forge]
dependencies:
  - &np "numpy >=1.20,<2"   # fast
  - *np
  - python   # any
  - conda-forge/noarch::tzdata
  - pip:
    - tool>=1   # ours
    - numpy>=1.20
`;
  await box.write('environment.yml', open);
  const fixed = await box.run(['env', 'check', 'environment.yml', '--fix', '-q']);
  expect([fixed.exitCode, fixed.stderr]).toEqual([0, '']);
  expect(fixed.stdout).toContain('changed environment.yml');
  const pinned = open
    .replace('numpy >=1.20,<2', 'numpy=1.26.4')
    .replace('- python ', '- python=3.11.7 ')
    .replace('tool>=1', 'tool==1.0');
  expect(await box.read('environment.yml')).toBe(pinned);
  await box.run(['env', 'create', '-', '--name', 'open', '-q'], {
    input: `conda_file:\n${open.replaceAll(/^/gm, '  ')}`,
  });
  expect((await box.run(['env', 'check', 'open', '--fix', '-q'])).stdout).toContain('registered open:2');
  expect((await box.run(['env', 'show', 'open:2', '--source'])).stdout).toContain('numpy=1.26.4');
});

test('a platform that the channel does not have is an error with a way out', async () => {
  await box.write('environment.yml', 'dependencies: [numpy]\n');
  const outcome = await box.run(['env', 'lock', 'environment.yml', '--platform', 'osx-64']);
  expect(outcome.exitCode).toBe(6);
  expect(outcome.stderr).toContain('No candidates were found for numpy *.');
  expect(outcome.stderr).toContain('hint: `numpy` is not in conda-forge for osx-64');
});

test('system requirements and python.version reach the solver', async () => {
  await box.write(
    'environment.yml',
    'conda_file: {dependencies: [numpy]}\npython: {version: "3.11"}\nsystem_requirements: {glibc: "2.35", cuda: "12.4", archspec: x86_64_v3}\n',
  );
  expect((await lockOf()).inputs.virtualPackages).toEqual({
    __archspec: 'x86_64_v3',
    __cuda: '12.4',
    __glibc: '2.35',
    __linux: '4.18',
    __unix: '0',
  });
  await box.write('environment.yml', 'conda_file: {dependencies: [tzdata, python]}\npython: {version: "3.11"}\n');
  expect(names(await lockOf())).toContain('python 3.11.7');
  await box.write('environment.yml', 'conda_file: {dependencies: [python]}\nsystem_requirements: {glibc: "2.12"}\n');
  expect(names(await lockOf())).toContain('python 3.12.1');
});

test('without Python it is conda packages only', async () => {
  await box.write('environment.yml', 'dependencies: [tzdata]\n');
  const lock = await lockOf();
  expect(names(lock)).toEqual(['tzdata 2024a']);
  expect(lock.python).toBeUndefined();
  expect((await box.run(['env', 'lock', 'environment.yml'])).stdout).toContain('python       none');
});

test('pip after conda: what conda brings is there already, and stays', async () => {
  await box.write('environment.yml', 'dependencies: [python=3.11, numpy=1.25, pip, {pip: [tool]}]\n');
  const lock = await lockOf();
  expect(names(lock).slice(-2)).toEqual(['rich 13.0', 'tool 1.0']);
  expect(pypi(lock).map(({ name }) => name)).toEqual(['rich', 'tool']);
  expect(pypi(lock).find(({ name }) => name === 'tool')).toMatchObject({
    dependencies: ['numpy', 'rich'],
    requested: true,
  });
  expect(lock.inputs.indexes).toEqual([index.url]);
  expect(Object.keys(lock.inputs.tools).sort()).toEqual(['rattler', 'uv']);
  expect(lock.python).toEqual({ version: '3.11', source: 'conda' });
});

test('distributions are known by their own names, and only the ends of archives are fetched for it', async () => {
  await box.write('environment.yml', 'dependencies: [pytorch, {pip: [uses-torch, functorch]}]\n');
  const lock = await lockOf();
  expect(pypi(lock).map(({ name, dependencies }) => ({ name, dependencies }))).toEqual([
    { name: 'uses-torch', dependencies: ['pytorch'] },
  ]);
  const archives = server.requests.filter(({ path }) => path.endsWith('.conda'));
  expect(archives.length).toBeGreaterThan(2);
  for (const { status, headers } of archives) {
    expect(status).toBe(206);
    expect(headers.range).toMatch(/^bytes=\d+-\d+$/);
  }
  seen();
  expect((await lockOf('--relock', '--dry-run')).digest).toBe(lock.digest);
  expect(seen().filter((line) => line.includes('.conda'))).toEqual([]);
});

test('an extra of what conda brings needs what its metadata says', async () => {
  for (const pip of ['{pip: ["web[fast]"]}', '{pip: ["web[fast]>=1", "web"]}']) {
    await box.write('environment.yml', `dependencies: [web, ${pip}]\n`);
    expect(names(await lockOf()).slice(-1)).toEqual(['rich 13.0']);
  }
  await box.write('environment.yml', 'dependencies: [web, {pip: ["web[fast]==2"]}]\n');
  expect((await box.run(['env', 'lock', 'environment.yml'])).stderr).toContain(
    '`web[fast]==2` in the `pip:` block contradicts',
  );
});

test('a pip block implies a Python and a pip, as in conda', async () => {
  await box.write('environment.yml', 'dependencies: [{pip: [rich]}]\n');
  const lock = await lockOf();
  expect(names(lock)).toEqual(['libc 2.1', 'tzdata 2024a', 'python 3.12.1', 'pip 24.0', 'rich 13.0']);
  expect(conda(lock, 'python')?.requested).toBe(false);
});

test.each([
  [
    '[python=3.11, numpy=1.26, {pip: [numpy>=2]}]',
    'environment.yml:1:48, environment.yml:1:29: `numpy>=2` in the `pip:` block contradicts `numpy=1.26` among the conda dependencies: conda brings numpy 1.26.4',
    'conda packages are installed first',
  ],
  [
    '[pytorch, {pip: ["numpy==2.1.0"]}]',
    'environment.yml:1:32: `numpy==2.1.0` in the `pip:` block contradicts `numpy`, which `pytorch` among the conda packages needs: conda brings numpy 1.26.4',
    'Change one of the two lines',
  ],
  ['[numpy, {pip: [wants-new-numpy]}]', 'wants-new-numpy', 'What conda brings stays: numpy 1.26.4 (conda’s `numpy`)'],
  [
    '[pytorch, {pip: ["functorch[extra]"]}]',
    'environment.yml:1:32: `functorch[extra]` in the `pip:` block asks for an extra of `functorch`',
    'List in the `pip:` block what the extra needs',
  ],
])('what pip asks for against conda is an error that names both: %s', async (dependencies, message, hint) => {
  await box.write('environment.yml', `dependencies: ${dependencies}\n`);
  const { exitCode, stderr } = await box.run(['env', 'lock', 'environment.yml']);
  expect([3, 6]).toContain(exitCode);
  expect(stderr).toContain(message);
  expect(stderr).toContain(hint);
  expect(stderr).not.toContain(box.env.TERROIR_HOME);
});

test('a relock of one package moves that one', async () => {
  const old = packages.filter(({ filename }) => !/^(?:numpy-1\.26|python-3\.12|tzdata)/.test(filename));
  server.channel('conda-forge', [...old, condaRecord('tzdata', '2023c')]);
  await box.write('environment.yml', 'dependencies: [numpy, python, {pip: ["rich<13"]}]\n');
  const before = await lockOf();
  expect(names(before)).toEqual(['libc 2.1', 'tzdata 2023c', 'python 3.11.7', 'numpy 1.25.0', 'pip 24.0', 'rich 12.0']);
  server.channel('conda-forge', [...packages, condaRecord('tzdata', '2023c')]);
  const one = await box.run(['env', 'lock', 'environment.yml', '--relock', '--upgrade', 'numpy', '--dry-run']);
  expect(one.stdout).toContain('numpy 1.25.0 → 1.26.4');
  expect(one.stdout).not.toContain('tzdata');
  const slip = await box.run(['env', 'lock', 'environment.yml', '--relock', '--upgrade', 'nunpy']);
  expect([slip.exitCode, slip.stderr]).toEqual([2, expect.stringMatching(/`nunpy` is not in the lock .*`numpy`\?/s)]);
  const all = await box.run(['env', 'lock', 'environment.yml', '--relock', '--dry-run']);
  expect(all.stdout).toContain('numpy 1.25.0 → 1.26.4');
  expect(all.stdout).toContain('tzdata 2023c → 2024a');
});

test('exports', async () => {
  await box.write('environment.yml', 'dependencies: [numpy, python]\n');
  const explicit = await box.run(['env', 'lock', 'environment.yml', '--export', 'explicit']);
  expect(explicit.stdout.split('\n').at(3)).toBe('@EXPLICIT');
  expect(explicit.stdout).toMatch(/\/linux-64\/numpy-1\.26\.4-py311_0\.conda#[0-9a-f]{32}\n/);
  const document = await box.run(['env', 'lock', 'environment.yml', '--export', 'conda-lock']);
  expect(document.stdout).toContain('manager: conda');
  const requirements = await box.run(['env', 'lock', 'environment.yml', '--export', 'requirements']);
  expect(requirements.exitCode).toBe(3);
  expect(requirements.stderr).toContain('which `requirements` cannot hold: `libc`');
});

test('credentials of a channel are in no lock, and on no screen', async () => {
  server.demand(`Basic ${Buffer.from('ada:s3cret-pw').toString('base64')}`);
  await box.write(
    'environment.yml',
    `channels: ["http://ada:\${CHANNEL_PW}@127.0.0.1:${server.port}/conda-forge"]\ndependencies: [numpy, {pip: [rich]}]\n`,
  );
  const outcome = await box.run(['env', 'lock', 'environment.yml', '--json'], { env: { CHANNEL_PW: 's3cret-pw' } });
  expect(outcome.exitCode).toBe(0);
  const refused = await box.run(['env', 'lock', 'environment.yml', '--relock'], { env: { CHANNEL_PW: 'wr0ng-pw' } });
  expect(refused.exitCode).toBe(9);
  server.demand(undefined);
  for (const text of [outcome.stdout, outcome.stderr, refused.stdout, refused.stderr])
    expect(text).not.toMatch(/s3cret|wr0ng/);
  expect(outcome.stdout).toContain(`http://127.0.0.1:${server.port}/conda-forge/linux-64/numpy`);
});

test('a channel that cannot be read is named, with what to do', async () => {
  await box.write('environment.yml', 'channels: [missing]\ndependencies: [numpy]\n');
  const missing = await box.run(['env', 'lock', 'environment.yml']);
  expect(missing.exitCode).toBe(8);
  expect(missing.stderr).toContain('there is no channel `missing`');
  await box.write('other.yml', 'channels: [never-seen]\ndependencies: [numpy]\n');
  const offline = await box.run(['--offline', 'env', 'lock', 'other.yml']);
  expect(offline.exitCode).toBe(8);
  expect(offline.stderr).toContain('Lock once without --offline');
});

test('doctor says whether the default channel can be reached', async () => {
  const up = await box.run(['doctor']);
  expect(up.stdout).toMatch(/channel conda-forge: answers/);
  const down = await box.run(['doctor'], { env: { CONDA_CHANNEL_ALIAS: 'http://127.0.0.1:1' } });
  expect(down.stdout).toContain('the channel `conda-forge` cannot be read');
});
