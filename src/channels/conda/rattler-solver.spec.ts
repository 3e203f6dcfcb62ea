import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CondaServer, condaRecord, type MadePackage, startCondaServer } from '../../../test/kit/conda-records.ts';
import { makeSolvingMachine, type SolvingMachine } from '../../../test/kit/conda-solving.ts';
import type { CondaPackage } from '../../schema/index.ts';

let server: CondaServer;
let here: SolvingMachine;
let count = 0;

beforeAll(async () => {
  server = await startCondaServer();
  here = await makeSolvingMachine({ CONDA_CHANNEL_ALIAS: server.url });
  server.channel('main', main);
  server.channel('other', [condaRecord('numpy', '2.0.0'), condaRecord('only-other', '1.0', { depends: ['numpy'] })]);
});
afterAll(async () => {
  await server.close();
  await here.remove();
});

const linux = { subdir: 'linux-64' };
const main: MadePackage[] = [
  condaRecord('python', '3.11.7', linux),
  condaRecord('python', '3.12.1', linux),
  condaRecord('numpy', '1.26.4', { ...linux, build: 'py311_0', depends: ['python >=3.11,<3.12.0a0'] }),
  condaRecord('numpy', '1.26', { ...linux, build: 'py311_0', depends: ['python >=3.11,<3.12.0a0'] }),
  condaRecord('numpy', '1.25.0', { ...linux, build: 'py312_1', build_number: 1, depends: ['python >=3.12,<3.13.0a0'] }),
  condaRecord('in-two-forms', '1.0'),
  condaRecord('in-two-forms', '1.0', { extension: 'tar.bz2' }),
  condaRecord('needs-glibc', '1.0', { depends: ['__glibc >=2.17,<3.0.a0', '__unix'] }),
  condaRecord('needs-new-glibc', '1.0', { depends: ['__glibc >=2.35'] }),
  condaRecord('needs-cuda', '1.0', { depends: ['__cuda >=12'] }),
];

/** A channel of its own for these packages. */
const channelOf = (...packages: MadePackage[]): string => {
  count += 1;
  server.channel(`own-${count}`, packages);
  return `own-${count}`;
};

test.each([
  ['numpy', '1.26.4'],
  ['numpy 1.26', '1.26'],
  ['numpy=1.26', '1.26.4'],
  ['numpy = 1.26', '1.26.4'],
  ['numpy==1.26', '1.26'],
  ['numpy == 1.26', '1.26'],
  ['numpy 1.26.*', '1.26.4'],
  ['numpy >= 1.2 , < 1.26', '1.25.0'],
  ['numpy~=1.25', '1.26.4'],
  ['numpy!=1.26.4', '1.26'],
  ['numpy 1.25.0|1.26', '1.26'],
  ['numpy=1.26=py311*', '1.26'],
  ['numpy=1.26.4=py311_0', '1.26.4'],
  ['numpy 1.26.4 py311_0', '1.26.4'],
  ['numpy * py312*', '1.25.0'],
  ['numpy[version=">=1,<1.26"]', '1.25.0'],
  ["numpy[version='1.26',build='py311_0']", '1.26'],
  ['numpy[build_number=">=1"]', '1.25.0'],
  ['numpy[subdir=linux-64]', '1.26.4'],
  ['NumPy', '1.26.4'],
  ['main::numpy', '1.26.4'],
  ['other::numpy', '2.0.0'],
  ['other::numpy >=2', '2.0.0'],
  ['numpy[channel=other]', '2.0.0'],
  ['numpy[channel="other",version=">1"]', '2.0.0'],
  ['<url>/other::numpy', '2.0.0'],
  ['<url>/main/linux-64::numpy=1.25', '1.25.0'],
  ['main/linux-64::numpy', '1.26.4'],
])('the specification %s finds %s', async (spec, version) => {
  const { packages } = await here.solve(['main'], [spec.replace('<url>', server.url)]);
  expect(packages.find(({ name }) => name === 'numpy')?.version).toBe(version);
});

test.each([
  ['numpy >=', 'INVALID_DEFINITION'],
  ['*', 'INVALID_DEFINITION'],
  ['num*', 'INVALID_DEFINITION'],
  ['^numpy$', 'INVALID_DEFINITION'],
  ['', 'INVALID_DEFINITION'],
  ['numpy[foo=bar]', 'INVALID_DEFINITION'],
  ['numpy[md5=abc]', 'INVALID_DEFINITION'],
  ['numpy:python', 'INVALID_DEFINITION'],
  ['numpy @ https://x.example', 'INVALID_DEFINITION'],
  ['https://x.example/numpy-1-0.conda', 'INVALID_DEFINITION'],
  ['numpy=9', 'UNSOLVABLE'],
  ['no-such-package', 'UNSOLVABLE'],
  ['main/noarch::numpy', 'UNSOLVABLE'],
  ['numpy[license="MIT"]', 'UNSOLVABLE'],
  ['../up::numpy', 'INVALID_DEFINITION'],
  ['s3://bucket/x::numpy', 'UNSUPPORTED_FEATURE'],
])('the specification %s is an error and nothing worse', async (spec, code) => {
  await expect(here.solve(['main'], [spec])).rejects.toMatchObject({ code });
});

test.each<[string, Record<string, unknown>, string[] | string]>([
  ['a channel in depends', { depends: ['main::python'] }, ['python 3.12.1', 'x 1.0']],
  ['an address in depends', { depends: ['<url>/main::python <3.12'] }, ['python 3.11.7', 'x 1.0']],
  ['a channel in brackets', { depends: ['python[channel=main]'] }, ['python 3.12.1', 'x 1.0']],
  ['a channel that is not there', { depends: ['nowhere::python'] }, 'UNSOLVABLE'],
  ['no blank in depends', { depends: ['python<3.12'] }, ['python 3.11.7', 'x 1.0']],
  ['a channel in constrains', { constrains: ['main::python <3'] }, ['x 1.0']],
  ['rubbish in depends', { depends: ['python >=>=!!'] }, 'UNSOLVABLE'],
  ['rubbish with a channel', { depends: ['a::b::[[', '::'] }, 'UNSOLVABLE'],
  ['an empty dependency', { depends: [''] }, 'UNSOLVABLE'],
  ['a pattern in depends', { depends: ['pyth*'] }, 'UNSOLVABLE'],
  ['depends is null', { depends: null }, ['x 1.0']],
  ['depends is an object', { depends: {} }, 'UNSOLVABLE'],
  ['depends has a number', { depends: [3] }, 'UNSOLVABLE'],
  ['rubbish in constrains', { constrains: ['>=>'] }, 'UNSOLVABLE'],
  ['the build number is a text', { build_number: '3' }, ['x 1.0']],
  ['the build number is negative', { build_number: -3 }, 'UNSOLVABLE'],
  ['the time is a text', { timestamp: 'now' }, ['x 1.0']],
  ['the time is far away', { timestamp: 1e300 }, ['x 1.0']],
  ['noarch is unknown', { noarch: 'haskell' }, ['x 1.0']],
  ['noarch is true', { noarch: true }, ['x 1.0']],
  ['the license is a list', { license: ['MIT'] }, ['x 1.0']],
  ['features are a text', { track_features: 'a b' }, ['x 1.0']],
  ['features are a list', { track_features: ['a'] }, ['x 1.0']],
  ['it requires itself', { depends: ['x'] }, ['x 1.0']],
  ['no subdir', { subdir: undefined }, ['x 1.0']],
  ['the name of another', { name: 'y' }, 'UNSOLVABLE'],
  ['another version', { version: '2.0' }, 'UNSOLVABLE'],
  ['another build', { build: '1' }, 'UNSOLVABLE'],
  ['the folder of another platform', { subdir: 'win-64' }, 'UNSOLVABLE'],
  ['a record that is none', { name: 3, version: null }, 'UNSOLVABLE'],
])('a record with %s', async (_title, lie, expected) => {
  const made = condaRecord('x', '1.0');
  const text = JSON.stringify({ ...made.record, ...lie }).replaceAll('<url>', server.url);
  const channel = channelOf({ ...made, record: JSON.parse(text) as Record<string, unknown> });
  if (typeof expected === 'string') {
    await expect(here.solve([channel, 'main'], ['x'])).rejects.toMatchObject({ code: expected });
  } else expect(await here.names([channel, 'main'], ['x'])).toEqual(expected);
});

test.each(['1_!', '1..2', '1.0.', '99999999999999999999', '~1', '_1'])(
  'a version that is none (%s) does not stand in the way of others',
  async (version) => {
    const channel = channelOf(condaRecord('x', version), condaRecord('x', '1.0'));
    expect(await here.names([channel], ['x'])).toEqual(['x 1.0']);
  },
);

test('a package that contradicts itself is left out, and named', async () => {
  const lying = { ...condaRecord('x', '2.0'), record: condaRecord('y', '2.0').record };
  const channel = channelOf(lying, condaRecord('x', '1.0'));
  here.events.length = 0;
  expect(await here.names([channel], ['x'])).toEqual(['x 1.0']);
  expect(here.events.find(({ type }) => type === 'note')).toMatchObject({
    level: 'warning',
    message: `the channel \`${channel}\` offers \`noarch/x-2.0-0.conda\`, and its record says that it is \`y\`; it is left out`,
  });
});

test('the first channel that has a name is the only one for it', async () => {
  expect(await here.names(['main', 'other'], ['numpy'])).toEqual(['numpy 1.26.4', 'python 3.11.7']);
  expect(await here.names(['other', 'main'], ['numpy'])).toEqual(['numpy 2.0.0']);
  expect(await here.names(['main', 'other'], ['only-other'])).toEqual([
    'numpy 1.26.4',
    'only-other 1.0',
    'python 3.11.7',
  ]);
  await expect(here.solve(['main', 'other'], ['numpy>=2'])).rejects.toMatchObject({
    code: 'UNSOLVABLE',
    hint: '`numpy` is looked for in main only, the first channel that has it; `other::numpy` takes that of other.',
  });
  expect(await here.names(['main', 'other'], ['other::numpy', 'only-other'])).toEqual([
    'numpy 2.0.0',
    'only-other 1.0',
  ]);
});

test('a dependency on the package of one channel holds for that one', async () => {
  const first = channelOf(condaRecord('tool', '2.0'), condaRecord('lib', '1.0'));
  const second = channelOf(condaRecord('tool', '1.0'));
  const third = channelOf(
    condaRecord('app', '2.0', { depends: [`${second}::tool`] }),
    condaRecord('app', '1.0', { depends: [`${first}::tool`, 'lib'] }),
  );
  expect(await here.names([first, second, third], ['app'])).toEqual(['app 1.0', 'lib 1.0', 'tool 2.0']);
  expect(await here.names([second, first, third], ['app'])).toEqual(['app 2.0', 'tool 1.0']);
});

test('several names for several channels, and `nodefaults`', async () => {
  const env = { CONDA_CHANNEL_ALIAS: server.url, TERROIR_DEFAULT_CHANNELS: `${server.url}/main,${server.url}/other` };
  const machine = await makeSolvingMachine(env);
  const { channels } = await machine.solve(['defaults', 'nodefaults', 'main'], ['numpy']);
  expect(channels).toEqual([`${server.url}/main`, `${server.url}/other`]);
  expect(await machine.names([channelOf()], ['defaults::numpy<2'])).toEqual(['numpy 1.26.4', 'python 3.11.7']);
  await machine.remove();
});

test('without channels it is conda-forge', async () => {
  server.channel('conda-forge', [condaRecord('x', '7.0')]);
  expect((await here.solve([], ['x'])).channels).toEqual([`${server.url}/conda-forge`]);
  expect((await here.solve(['nodefaults'], ['x'])).channels).toEqual([`${server.url}/conda-forge`]);
});

test('virtual packages solve, and are no part of the answer', async () => {
  expect(await here.names(['main'], ['needs-glibc', '__glibc >=2'])).toEqual(['needs-glibc 1.0']);
  await expect(here.solve(['main'], ['needs-new-glibc'])).rejects.toMatchObject({
    code: 'UNSOLVABLE',
    hint: 'The lock assumes `__glibc` 2.28; `system_requirements: {glibc: …, cuda: …, archspec: …}` says what the machines have.',
  });
  const cuda = { virtualPackages: { __cuda: { version: '12.4', build: '0' } } };
  expect(await here.names(['main'], ['needs-cuda'], cuda)).toEqual(['needs-cuda 1.0']);
  await expect(here.solve(['main'], ['needs-cuda'])).rejects.toMatchObject({
    hint: expect.stringContaining('no `__cuda`') as string,
  });
});

test('of a package in both formats the newer one counts', async () => {
  const { packages } = await here.solve(['main'], ['in-two-forms']);
  expect(packages.map(({ filename }) => filename)).toEqual(['in-two-forms-1.0-0.conda']);
});

test('what is locked stays, as long as the channel has it', async () => {
  const locked = async (...specs: string[]): Promise<CondaPackage[]> =>
    (await here.solve(['main'], specs)).packages.map((pkg) => ({ ...pkg, dependencies: [], requested: false }));
  const old = await locked('numpy=1.25');
  expect(await here.names(['main'], ['numpy'], { locked: old })).toEqual(['numpy 1.25.0', 'python 3.12.1']);
  expect(await here.names(['main'], ['numpy>=1.26'], { locked: old })).toEqual(['numpy 1.26.4', 'python 3.11.7']);
  const gone = old.map((pkg) => ({ ...pkg, url: pkg.url.replace('1.25.0', '1.24.0'), version: '1.24.0' }));
  expect(await here.names(['main'], ['numpy'], { locked: gone })).toEqual(['numpy 1.26.4', 'python 3.11.7']);
});

test('the solver’s own tree is the message', async () => {
  const channel = channelOf(
    condaRecord('app', '1.0', { depends: ['lib >=2'] }),
    condaRecord('lib', '1.0'),
    condaRecord('tool', '1.0', { depends: ['lib <2'] }),
  );
  const error: unknown = await here.solve([channel], ['app', 'tool']).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'UNSOLVABLE' });
  expect(String(error)).toMatchInlineSnapshot(`
    "AppError: Cannot solve the request because of: app * cannot be installed because there are no viable options:
    └─ app 1.0 would require
       └─ lib >=2, for which no candidates were found."
  `);
  const missing: unknown = await here.solve([channel, 'main'], ['app', 'nunpy']).catch((reason: unknown) => reason);
  expect(missing).toMatchObject({
    hint: `\`nunpy\` is not in ${channel}, main for linux-64: check the spelling, add the channel that has it, or put it into the \`pip:\` block if it is on PyPI.`,
  });
});

test('a solve that is interrupted ends at once', async () => {
  // A puzzle that takes long: pigeons and holes.
  const birds = Array.from({ length: 11 }, (_, bird) => bird);
  const records = birds.flatMap((bird) =>
    birds.slice(1).map((hole) =>
      condaRecord(`bird-${bird}`, String(hole), {
        constrains: birds.filter((other) => other !== bird).map((other) => `bird-${other} !=${hole}`),
      }),
    ),
  );
  const channel = channelOf(...records);
  const control = new AbortController();
  const startedAt = performance.now();
  const solving = here.solve(
    [channel],
    birds.map((bird) => `bird-${bird}`),
    { signal: control.signal },
  );
  const failure = solving.catch((reason: unknown) => reason);
  await delay(1500);
  const abortedAt = performance.now();
  control.abort();
  expect(await failure).toMatchObject({ code: 'CANCELED' });
  expect(performance.now() - abortedAt).toBeLessThan(1000);
  expect(performance.now() - startedAt).toBeGreaterThan(1000);
});
