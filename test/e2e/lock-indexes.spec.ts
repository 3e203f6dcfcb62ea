import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serialiseLock } from '../../src/resolve/index.ts';
import type { Lock, PypiPackage } from '../../src/schema/index.ts';
import { defaultPython, lockOn, type Machine, makeMachine } from '../kit/locker.ts';
import { type Distribution, type IndexOptions, type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { makeSdist } from '../kit/sdist.ts';
import { makeWheel } from '../kit/wheel.ts';

let here: Machine;
const open: PypiIndex[] = [];
const serve = async (distributions: readonly Distribution[], options?: IndexOptions): Promise<PypiIndex> => {
  const index = await startPypiIndex(distributions, options);
  open.push(index);
  return index;
};
const wheel = (name: string, version: string, requires: string[] = []): Distribution =>
  makeWheel({ name, version, requires });
const find = (lock: Lock, name: string): PypiPackage | undefined =>
  lock.packages.filter((each) => each.kind === 'pypi').find((each) => each.name === name);
const versions = (lock: Lock): Record<string, string> =>
  Object.fromEntries(lock.packages.map(({ name, version }) => [name, version]));

beforeEach(async () => {
  here = await makeMachine();
});
afterEach(async () => {
  await here.remove();
  for (const index of open.splice(0)) await index.close();
});

test('several indexes: the best match over all, not the first that has the name', async () => {
  const main = await serve([wheel('shared', '1.0'), wheel('only-main', '1.0')]);
  const extra = await serve([wheel('shared', '2.0'), wheel('only-extra', '1.0', ['shared<2'])]);
  const both = [`--index-url ${main.url}`, `--extra-index-url ${extra.url}/`];
  const lock = await lockOn(here, { requirements: [...both, 'shared', 'only-main'] });
  expect(versions(lock)).toEqual({ shared: '2.0', 'only-main': '1.0' });
  expect(find(lock, 'shared')?.index).toBe(extra.url);
  expect(find(lock, 'only-main')?.index).toBe(main.url);
  expect(lock.inputs.indexes).toEqual([main.url, extra.url]);
  expect(versions(await lockOn(here, { requirements: [...both, 'shared', 'only-extra'] }))).toEqual({
    shared: '1.0',
    'only-extra': '1.0',
  });
});

test('pip’s configuration counts; an --index-url of the definition replaces its indexes', async () => {
  const company = await serve([wheel('shared', '1.0'), wheel('secret', '1.0')], {
    login: { user: 'me', password: 'p@ss' },
  });
  const extra = await serve([wheel('shared', '3.0')]);
  const own = await serve([wheel('shared', '2.0')]);
  await mkdir(join(here.home, '.config', 'pip'), { recursive: true });
  await writeFile(
    join(here.home, '.config', 'pip', 'pip.conf'),
    `[global]\nindex-url = ${company.urlWithLogin}\nextra-index-url =\n    ${extra.url}\n`,
  );
  const lock = await lockOn(here, { requirements: ['shared', 'secret'] });
  expect(versions(lock)).toEqual({ secret: '1.0', shared: '3.0' });
  expect(lock.inputs.indexes).toEqual([company.url, extra.url]);
  expect(serialiseLock(lock)).not.toMatch(/p@ss|p%40ss|me:/);
  const replaced = await lockOn(here, { requirements: [`--index-url ${own.url}`, 'shared'] });
  expect(versions(replaced)).toEqual({ shared: '2.0' });
  expect(replaced.inputs.indexes).toEqual([own.url]);
});

test.each(['variables', 'netrc', 'address'])(
  'credentials from %s open the index and stay out of the lock',
  async (where) => {
    const index = await serve([wheel('secret', '1.0')], { login: { user: 'robot', password: 'to/ken?' } });
    const address = index.url.replace('//', where === 'variables' ? '//${INDEX_USER}:${PIP_INDEX_TOKEN}@' : '//');
    if (where === 'variables')
      Object.assign(here.env, { INDEX_USER: 'robot', PIP_INDEX_TOKEN: encodeURIComponent('to/ken?') });
    if (where === 'netrc')
      await writeFile(join(here.home, '.netrc'), 'machine 127.0.0.1\n  login robot\n  password to/ken?\n');
    const lock = await lockOn(here, {
      requirements: [`--index-url ${where === 'address' ? index.urlWithLogin : address}`, 'secret'],
    });
    expect(versions(lock)).toEqual({ secret: '1.0' });
    expect(lock.inputs.indexes).toEqual([index.url]);
    expect(serialiseLock(lock)).not.toMatch(/robot|token|to\/ken|to%2Fken/i);
  },
);

test('a token in a path stays a variable', async () => {
  const index = await serve([wheel('plain', '1.0')]);
  here.env.FILES = 'files';
  here.env.TOKEN = 'simple';
  const root = index.url.replace(/\/simple$/, '');
  const lock = await lockOn(here, {
    requirements: [`--index-url ${root}/\${TOKEN}`, `plain @ ${root}/\${FILES}/plain-1.0-py3-none-any.whl`],
  });
  expect(lock.inputs.indexes).toEqual([`${root}/\${TOKEN}`]);
  expect(find(lock, 'plain')?.url).toBe(`${root}/\${FILES}/plain-1.0-py3-none-any.whl`);
  delete here.env.TOKEN;
  await expect(lockOn(here, { requirements: [`--index-url ${root}/\${TOKEN}`, 'plain'] })).rejects.toMatchObject({
    code: 'UNAUTHORIZED',
  });
});

test('an index that refuses, one that is down, one that stumbles', async () => {
  const closed = await serve([wheel('secret', '1.0')], { login: { user: 'u', password: 'p' } });
  await expect(lockOn(here, { requirements: [`--index-url ${closed.url}`, 'secret'] })).rejects.toMatchObject({
    code: 'UNAUTHORIZED',
  });
  const stumbling = await serve([wheel('plain', '1.0')]);
  stumbling.break({ path: '/simple/plain', kind: 'status', status: 503, times: 1 });
  expect(versions(await lockOn(here, { requirements: [`--index-url ${stumbling.url}`, 'plain'] }))).toEqual({
    plain: '1.0',
  });
  const port = stumbling.port;
  await stumbling.close();
  open.splice(open.indexOf(stumbling), 1);
  here.env.PIP_RETRIES = '0';
  await expect(
    lockOn(here, { requirements: [`--index-url http://127.0.0.1:${port}/simple`, 'other'] }),
  ).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

test('one of several indexes that refuses is named, unless nothing can be asked', async () => {
  const serving = await serve([wheel('shared', '1.0'), wheel('other', '1.0')]);
  const silent = await serve([wheel('unrelated', '1.0')]);
  const closed = await serve([wheel('shared', '2.0')], { login: { user: 'u', password: 'p' } });
  const lines = [`--index-url ${serving.url}`, `--extra-index-url ${silent.url}`, `--extra-index-url ${closed.url}`];
  const notes = (): unknown[] => here.events.splice(0).filter(({ type }) => type === 'note');
  expect(versions(await lockOn(here, { requirements: [...lines, 'shared', 'other'] }))).toMatchObject({
    shared: '1.0',
  });
  expect(notes()).toEqual([
    {
      type: 'note',
      level: 'warning',
      message: `the index \`${closed.url}\` was passed over: it refuses to say what it has of \`other\` (status 401)`,
      hint: expect.stringContaining('~/.netrc') as string,
    },
  ]);
  silent.break({ path: '/simple/', kind: 'status', status: 403 });
  await lockOn(here, { requirements: [...lines, 'shared'] });
  expect(notes()).toMatchObject([
    { message: expect.stringMatching(/`shared` \(status 403\)$/) as string },
    { message: expect.stringMatching(/`shared` \(status 401\)$/) as string },
  ]);
  await lockOn(here, { requirements: [...lines, 'shared'], offline: true });
  expect(notes()).toEqual([]);
  await lockOn(here, { requirements: [`--index-url ${serving.url}`, 'shared'], upgrade: 'all' });
  expect(notes()).toEqual([]);
});

test('find-links: a folder, a page, without any index', async () => {
  const folder = join(here.folder, 'links');
  await mkdir(folder);
  const [one, source] = [
    makeWheel({ name: 'linked', version: '1.0' }),
    makeSdist({ name: 'linked-source', version: '2.0' }),
  ];
  await writeFile(join(folder, one.filename), one.bytes);
  await writeFile(join(folder, source.filename), source.bytes);
  const lock = await lockOn(here, {
    requirements: ['--no-index', `--find-links ${folder}`, 'linked', 'linked-source'],
  });
  expect(find(lock, 'linked')).toMatchObject({
    version: '1.0',
    sha256: one.sha256,
    size: one.bytes.length,
    url: `file://${folder}/${one.filename}`,
  });
  expect(find(lock, 'linked-source')).toMatchObject({
    version: '2.0',
    builtFrom: { kind: 'sdist', url: `file://${folder}/${source.filename}`, digest: source.sha256 },
  });
  expect(lock.inputs).toMatchObject({ indexes: [], findLinks: [folder] });
  for (const options of [{}, { digests: false }]) {
    const page = await serve([one], options);
    const paged = await lockOn(here, { requirements: ['--no-index', `--find-links ${page.linksUrl}`, 'linked'] });
    expect(find(paged, 'linked')).toMatchObject({
      sha256: one.sha256,
      size: one.bytes.length,
      url: page.fileUrl(one.filename),
    });
    expect(paged.inputs.findLinks).toEqual([page.linksUrl.replace(/\/$/, '')]);
  }
  await expect(lockOn(here, { requirements: ['--find-links ./links', 'linked'] })).rejects.toMatchObject({
    code: 'INVALID_DEFINITION',
    message: expect.stringMatching(/:\d+:\d+: `--find-links \.\/links` is relative/) as string,
  });
});

test('constraints and extras', async () => {
  const index = await serve([
    wheel('app', '1.0', ['lib', 'fast; extra == "speed"\nProvides-Extra: speed']),
    wheel('lib', '1.0'),
    wheel('lib', '2.0'),
    wheel('fast', '1.0'),
    wheel('unused', '1.0'),
  ]);
  const files = { 'limits.txt': 'lib<2\nunused==0.1\n', 'more.txt': '-c limits.txt\napp[speed]\n' };
  const lock = await lockOn(here, { requirements: [`--index-url ${index.url}`, '-r more.txt'], files });
  expect(versions(lock)).toEqual({ app: '1.0', lib: '1.0', fast: '1.0' });
  expect(find(lock, 'app')).toMatchObject({ requested: true, dependencies: ['fast', 'lib'] });
  expect(find(lock, 'lib')?.requested).toBe(false);
});

test('pre-releases and yanked files, as pip takes them', async () => {
  const index = await serve([
    wheel('stable', '1.0'),
    wheel('stable', '2.0rc1'),
    wheel('young', '0.1a1'),
    wheel('asks', '1.0', ['stable>=2.0rc1']),
    wheel('pulled', '1.0'),
  ]);
  index.publish(wheel('pulled', '2.0'), { yanked: 'it deletes files' });
  const lockOf = async (...lines: string[]): Promise<Record<string, string>> =>
    versions(await lockOn(here, { requirements: [`--index-url ${index.url}`, ...lines] }));
  expect(await lockOf('stable', 'young', 'pulled')).toEqual({ stable: '1.0', young: '0.1a1', pulled: '1.0' });
  expect(await lockOf('--pre', 'stable')).toEqual({ stable: '2.0rc1' });
  expect(await lockOf('stable>=2.0rc1')).toEqual({ stable: '2.0rc1' });
  expect(await lockOf('stable>1.0')).toEqual({ stable: '2.0rc1' });
  expect(await lockOf('asks')).toEqual({ asks: '1.0', stable: '2.0rc1' });
  expect(await lockOf('pulled==2.0')).toEqual({ pulled: '2.0' });
});

test('sources and wheels: --no-binary, --only-binary, the last word counts', async () => {
  const index = await serve([
    wheel('both', '1.0'),
    makeSdist({ name: 'both', version: '1.0' }),
    makeSdist({ name: 'both', version: '2.0' }),
  ]);
  const lockOf = async (...lines: string[]): Promise<PypiPackage | undefined> =>
    find(await lockOn(here, { requirements: [`--index-url ${index.url}`, ...lines, 'both'] }), 'both');
  expect(await lockOf('--only-binary :all:')).toMatchObject({
    version: '1.0',
    url: index.fileUrl('both-1.0-py3-none-any.whl'),
  });
  expect(await lockOf('--no-binary both', '--only-binary both')).toMatchObject({ version: '1.0' });
  expect(await lockOf()).toMatchObject({ version: '2.0', builtFrom: { kind: 'sdist' } });
  expect(await lockOf('--no-binary :all:')).toMatchObject({ version: '2.0' });
  index.withdraw('both-2.0.tar.gz');
  const fresh = await makeMachine();
  try {
    const built = find(
      await lockOn(fresh, { requirements: [`--index-url ${index.url}`, '--no-binary both', 'both'] }),
      'both',
    );
    expect(built).toMatchObject({ version: '1.0', builtFrom: { url: index.fileUrl('both-1.0.tar.gz') } });
  } finally {
    await fresh.remove();
  }
});

test('digests in the requirements: only those files, for every package', async () => {
  const minor = (await defaultPython()).minor.replace('.', '');
  const [generic, native] = [
    makeWheel({ name: 'pinned', version: '1.0' }),
    makeWheel({ name: 'pinned', version: '1.0', tag: `cp${minor}-abi3-manylinux_2_17_x86_64` }),
  ];
  const source = makeSdist({ name: 'pinned', version: '1.0' });
  const other = makeWheel({ name: 'other', version: '1.0', requires: ['pinned'] });
  for (const options of [{}, { digests: false, sizes: false }]) {
    const index = await serve([generic, native, source, other], options);
    const lockOf = async (...lines: string[]): Promise<Lock> =>
      await lockOn(here, { requirements: [`--index-url ${index.url}`, ...lines] });
    const hash = (...made: { sha256: string }[]): string =>
      made.map(({ sha256 }) => `--hash=sha256:${sha256}`).join(' ');
    expect(find(await lockOf(`pinned==1.0 ${hash(generic)}`), 'pinned')?.filename).toBe(generic.filename);
    expect(find(await lockOf(`pinned==1.0 ${hash(generic, native, source)}`), 'pinned')?.filename).toBe(
      native.filename,
    );
    await expect(lockOf(`pinned==1.0 ${hash({ sha256: '0'.repeat(64) })}`)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    await expect(lockOf(`other==1.0 ${hash(other)}`)).rejects.toMatchObject({
      code: 'UNSOLVABLE',
      message: 'the requirements have digests (`--hash` or `--require-hashes`), and there is none for `pinned`',
    });
    await expect(lockOf('--require-hashes', 'pinned==1.0')).rejects.toMatchObject({ code: 'UNSOLVABLE' });
  }
  const index = await serve([generic, source]);
  const built = await lockOn(here, {
    requirements: [`--index-url ${index.url}`, `pinned==1.0 --hash=sha256:${source.sha256}`],
  });
  expect(find(built, 'pinned')).toMatchObject({ builtFrom: { kind: 'sdist', digest: source.sha256 } });
});

test('a version with a local part is not taken for the one without', async () => {
  const index = await serve([
    wheel('torchlike', '1.0'),
    wheel('torchlike', '1.0+cu118'),
    wheel('user', '1', ['torchlike===1.0']),
  ]);
  expect(versions(await lockOn(here, { requirements: [`--index-url ${index.url}`, 'user'] }))).toEqual({
    torchlike: '1.0',
    user: '1',
  });
  const local = await lockOn(here, { requirements: [`--index-url ${index.url}`, 'torchlike'] });
  expect(find(local, 'torchlike')).toMatchObject({
    version: '1.0+cu118',
    filename: 'torchlike-1.0+cu118-py3-none-any.whl',
  });
});

test('a seed keeps what still fits; an upgrade sees what is new', async () => {
  const index = await serve([wheel('alpha', '1.0', ['beta']), wheel('beta', '1.0'), wheel('gamma', '1.0')]);
  const requirements = [`--index-url ${index.url}`, 'alpha', 'gamma'];
  const first = await lockOn(here, { requirements });
  for (const name of ['alpha', 'beta', 'gamma']) index.publish(wheel(name, '2.0', name === 'alpha' ? ['beta'] : []));
  const other = await makeMachine();
  try {
    expect(serialiseLock(await lockOn(other, { requirements, seed: first }))).toBe(serialiseLock(first));
    expect(
      versions(await lockOn(other, { requirements: [...requirements.slice(0, 2), 'gamma>1'], seed: first })),
    ).toEqual({ alpha: '1.0', beta: '1.0', gamma: '2.0' });
  } finally {
    await other.remove();
  }
  // Here the pages are ten minutes fresh in the cache.
  expect(versions(await lockOn(here, { requirements, seed: first, upgrade: ['Beta'] }))).toEqual({
    alpha: '1.0',
    beta: '2.0',
    gamma: '1.0',
  });
  expect(versions(await lockOn(here, { requirements, seed: first, upgrade: 'all' }))).toEqual({
    alpha: '2.0',
    beta: '2.0',
    gamma: '2.0',
  });
});

test('offline: what was resolved once resolves again, anything else says so', async () => {
  const index = await serve(
    [wheel('alpha', '1.0', ['beta']), wheel('beta', '1.0'), makeSdist({ name: 'src', version: '1' })],
    { format: 'html', sizes: false },
  );
  const requirements = [`--index-url ${index.url}`, 'alpha', 'src'];
  await expect(lockOn(here, { requirements, offline: true })).rejects.toMatchObject({ code: 'OFFLINE' });
  const online = await lockOn(here, { requirements });
  const asked = index.requests.length;
  expect(serialiseLock(await lockOn(here, { requirements, offline: true }))).toBe(serialiseLock(online));
  expect(serialiseLock(await lockOn(here, { requirements, offline: true, upgrade: 'all' }))).toBe(
    serialiseLock(online),
  );
  expect(index.requests.length).toBe(asked);
});
