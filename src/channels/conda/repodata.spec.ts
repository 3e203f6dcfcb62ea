import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeBzip2 } from '../../../test/kit/bzip2.ts';
import {
  type CondaServer,
  condaPackage,
  condaRecord,
  type Form,
  messagePack,
  startCondaServer,
} from '../../../test/kit/conda-records.ts';
import { makeSolvingMachine, type SolvingMachine } from '../../../test/kit/conda-solving.ts';
import { AppError } from '../../errors/index.ts';

let server: CondaServer;
let here: SolvingMachine;

beforeEach(async () => {
  server = await startCondaServer();
  here = await makeSolvingMachine({ CONDA_CHANNEL_ALIAS: server.url });
  server.channel('main', packages);
});
afterEach(async () => {
  expect(await readdir(join(here.store.root, 'tmp')).catch(() => [])).toEqual([]);
  await server.close();
  await here.remove();
});

const packages = [
  condaRecord('app', '1.0', { subdir: 'linux-64', depends: ['lib >=1'] }),
  condaRecord('lib', '1.0'),
  condaRecord('other', '1.0', { depends: ['app'] }),
];
const newer = [...packages, condaRecord('lib', '2.0')];
const seen = (): string[] => server.requests.splice(0).map(({ status, path }) => `${status} ${path}`);
const failure = async (...request: Parameters<SolvingMachine['solve']>): Promise<AppError> => {
  const error: unknown = await here.solve(...request).catch((reason: unknown) => reason);
  if (error instanceof AppError) return error;
  throw new Error('it should have failed', { cause: error });
};

const forms: [Form, string][] = [
  ['json', 'repodata.json'],
  ['zst', 'repodata.json.zst'],
  ['bz2', 'repodata.json.bz2'],
  ['shards', 'repodata_shards.msgpack.zst'],
];

test.each(forms)('%s: a second solve asks whether something changed, and nothing else', async (form, file) => {
  server.channel('main', packages, { forms: [form] });
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
  seen();
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
  expect(seen().sort()).toEqual([`304 /main/linux-64/${file}`, `304 /main/noarch/${file}`]);
  server.channel('main', newer, { forms: [form] });
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 2.0']);
  const shard = form === 'shards' ? ['200 shard'] : [];
  expect(
    seen()
      .map((line) => line.replace(/\/main\/noarch\/shards\/.*/, 'shard'))
      .sort(),
  ).toEqual([`200 /main/noarch/${file}`, ...shard, `304 /main/linux-64/${file}`].sort());
  const offline = await here.solve(['main'], ['app'], { offline: true });
  expect(offline.packages.map(({ version }) => version).sort()).toEqual(['1.0', '2.0']);
  expect(seen()).toEqual([]);
});

test('the forms are asked for in the solver’s order', async () => {
  await here.solve(['main'], ['app']);
  expect(seen().filter((line) => line.includes('linux-64'))).toEqual([
    '404 /main/linux-64/repodata_shards.msgpack.zst',
    '404 /main/linux-64/repodata.json.zst',
    '404 /main/linux-64/repodata.json.bz2',
    '200 /main/linux-64/repodata.json',
  ]);
});

test('a channel in all forms gives the same packages', async () => {
  const answers = [];
  for (const [form] of forms) {
    server.channel(form, newer, { forms: [form] });
    const { packages: found } = await here.solve([form], ['other']);
    answers.push(JSON.stringify(found).replaceAll(`/${form}`, '/x'));
  }
  expect(new Set(answers).size).toBe(1);
});

test('what the server says of age counts; who wants what is new now does not wait for it', async () => {
  server.headers['cache-control'] = 'public, max-age=1000';
  await here.solve(['main'], ['app']);
  seen();
  await here.solve(['main'], ['app']);
  expect(seen()).toEqual([]);
  await here.solve(['main'], ['app'], { refresh: true });
  expect(seen()).toEqual(expect.arrayContaining(['304 /main/linux-64/repodata.json']) as string[]);
  server.headers['cache-control'] = 'public, max-age=1000, no-cache';
  server.channel('main', newer);
  await here.solve(['main'], ['app'], { refresh: true });
  seen();
  await here.solve(['main'], ['app']);
  expect(seen()).toHaveLength(2);
});

test('offline, what is not there is named', async () => {
  const error = await failure(['main'], ['app'], { offline: true });
  expect(error).toMatchObject({ code: 'OFFLINE' });
  expect(error.message).toContain('the channel `main` cannot be read');
  expect(error.hint).toContain('without --offline');
});

test('only what can play a part is fetched of shards', async () => {
  server.channel('main', packages, { forms: ['shards'] });
  await here.solve(['main'], ['app']);
  expect(seen().filter((line) => line.includes('/shards/'))).toHaveLength(2);
});

test('a channel with one folder is one; without any it is none', async () => {
  server.channel('half', [condaRecord('lib', '1.0')], { subdirs: ['noarch'] });
  expect(await here.names(['half'], ['lib'])).toEqual(['lib 1.0']);
  seen();
  await here.solve(['half'], ['lib']);
  expect(seen().sort()).toEqual(['304 /half/noarch/repodata.json', '404 /half/linux-64/repodata.json']);
  const error = await failure(['nowhere'], ['lib']);
  expect(error).toMatchObject({ code: 'HTTP_ERROR', details: { channel: `${server.url}/nowhere`, status: 404 } });
  expect(error.message).toBe(`there is no channel \`nowhere\` at \`${server.url}/nowhere\``);
});

test('removed packages, base_url, and both kinds of records', async () => {
  const moved = [...newer, condaRecord('old', '1.0', { extension: 'tar.bz2' })];
  for (const form of ['json', 'shards'] as const) {
    server.channel(form, moved, { forms: [form], info: { base_url: '../../packages/' } });
    const { packages: found } = await here.solve([form], ['lib', 'old']);
    expect(found.map(({ url }) => url).sort()).toEqual([
      `${server.url}/packages/lib-2.0-0.conda`,
      `${server.url}/packages/old-1.0-0.tar.bz2`,
    ]);
  }
  server.channel('absolute', newer, { info: { base_url: 'https://me:pw@files.example/x' } });
  expect((await here.solve(['absolute'], ['lib'])).packages[0]?.url).toBe('https://files.example/x/lib-2.0-0.conda');
  server.channel('removed', newer, { removed: ['lib-2.0-0.conda'] });
  expect(await here.names(['removed'], ['lib'])).toEqual(['lib 1.0']);
});

test.each([
  ['a login page', { kind: 'page' }, 'HTTP_ERROR', 'serves a broken `repodata.json`: it is a web page'],
  ['half a document', { kind: 'body', body: '{"packages": {"a-1-0.conda": {' }, 'HTTP_ERROR', 'it ends in the middle'],
  ['no JSON', { kind: 'body', body: 'sorry' }, 'HTTP_ERROR', 'it is no JSON object'],
  ['nothing', { kind: 'body', body: '' }, 'HTTP_ERROR', 'it ends in the middle'],
  [
    'a path',
    { kind: 'body', body: '{"packages":{"../x-1-0.conda":{}}}' },
    'HTTP_ERROR',
    'a file outside of its folder',
  ],
  ['status 401', { kind: 'status', status: 401 }, 'UNAUTHORIZED', 'it wants credentials'],
  ['status 403', { kind: 'status', status: 403 }, 'UNAUTHORIZED', 'status 403'],
  ['status 418', { kind: 'status', status: 418 }, 'HTTP_ERROR', 'status 418'],
  ['a reset', { kind: 'reset', after: 100 }, 'UNREACHABLE', 'cannot be reached'],
] as const)('%s instead of records: the channel is named, and nothing is kept', async (_title, fault, code, part) => {
  const repair = server.break({ path: '/linux-64/repodata.json', ...fault });
  const error = await failure(['main'], ['app']);
  expect(error).toMatchObject({ code, details: { channel: `${server.url}/main` } });
  expect(error.message).toContain('the channel `main`');
  expect(error.message).toContain(part);
  expect(error.hint).toBeTruthy();
  repair();
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
});

test.each([
  ['a page', { kind: 'page' }],
  ['half a document', { kind: 'body', body: '{"packages": {' }],
  ['a reset', { kind: 'reset', after: 100 }],
  ['a refusal', { kind: 'status', status: 401 }],
] as const)('what was there stays when the channel answers with %s', async (_title, fault) => {
  await here.solve(['main'], ['app']);
  server.channel('main', newer);
  const repair = server.break({ path: '/noarch/repodata.json', ...fault });
  await failure(['main'], ['app']);
  expect(await here.names(['main'], ['app'], { offline: true })).toEqual(['app 1.0', 'lib 1.0']);
  repair();
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 2.0']);
});

test('a connection that breaks once is no reason to fail', async () => {
  server.break({ path: '/linux-64/repodata.json', kind: 'reset', after: 10, times: 1 });
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
});

test('a server that refuses the better forms, or answers them with a page, has the plain one', async () => {
  for (const file of ['repodata_shards.msgpack.zst', 'repodata.json.bz2'])
    server.break({ path: file, kind: 'status', status: 403 });
  server.break({ path: 'repodata.json.zst', kind: 'page' });
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
});

test.each([
  ['zst', 'repodata.json.zst', zstdCompressSync(Buffer.from('{"packages":{}}')).subarray(0, 12)],
  ['zst', 'repodata.json.zst', Buffer.from('no zstd at all')],
  ['shards', 'repodata_shards.msgpack.zst', zstdCompressSync(Buffer.from('rubbish'))],
  ['shards', 'repodata_shards.msgpack.zst', zstdCompressSync(messagePack({ shards: { a: 'b' } }))],
  ['shards', 'repodata_shards.msgpack.zst', zstdCompressSync(messagePack({ packages: {} }))],
] as const)('a broken %s is named (%s)', async (form, file, body) => {
  server.channel('main', packages, { forms: [form] });
  server.break({ path: file, kind: 'body', body });
  const error = await failure(['main'], ['app']);
  expect(error).toMatchObject({ code: 'HTTP_ERROR' });
  expect(error.message).toContain(`the channel \`main\` serves a broken \`${file}\``);
});

const blanks = (size: number): Buffer => Buffer.alloc(size, ' ');
const megabyte = 1 << 20;

test.each<[Form, string, () => Buffer, RegExp]>([
  ['zst', 'repodata.json.zst', () => zstdCompressSync(blanks(70 * megabyte)), /unpacks to more than 67108864 bytes/],
  [
    'bz2',
    'repodata.json.bz2',
    () => writeBzip2(blanks(250_000), { repeat: 300 }),
    /unpacks to more than 67108864 bytes/,
  ],
  ['json', 'repodata.json', () => Buffer.from(`{"info": ${'['.repeat(megabyte)}`), /nested too deeply/],
  [
    'shards',
    'repodata_shards.msgpack.zst',
    () => zstdCompressSync(Buffer.alloc(100 * megabyte)),
    /has more than 67108864 bytes/,
  ],
  [
    'shards',
    'repodata_shards.msgpack.zst',
    () => zstdCompressSync(Buffer.concat([Buffer.from('dd03000000', 'hex'), Buffer.alloc(48 * megabyte, 0xc0)])),
    /far too many values/,
  ],
  ['shards', 'repodata_shards.msgpack.zst', () => zstdCompressSync(Buffer.alloc(megabyte, 0x91)), /nested too deeply/],
])('a bomb in the form %s is refused (%s)', { timeout: 60_000 }, async (form, file, make, message) => {
  server.channel('main', packages, { forms: [form] });
  server.break({ path: file, kind: 'body', body: make() });
  const error = await failure(['main'], ['app']);
  expect(error).toMatchObject({ code: 'HTTP_ERROR', message: expect.stringMatching(message) as string });
  expect(error.message).toContain(`the channel \`main\` serves a broken \`${file}\``);
});

test('a shard that is a bomb is refused', async () => {
  server.channel('main', packages, { forms: ['shards'] });
  const bomb = zstdCompressSync(Buffer.alloc(100 * megabyte));
  const digest = createHash('sha256').update(bomb).digest();
  const index = { version: 1, info: { base_url: '', shards_base_url: './shards/' }, shards: { app: digest } };
  server.break({ path: 'repodata_shards.msgpack.zst', kind: 'body', body: zstdCompressSync(messagePack(index)) });
  server.break({ path: `${digest.toString('hex')}.msgpack.zst`, kind: 'body', body: bomb });
  expect(await failure(['main'], ['app'])).toMatchObject({
    code: 'HTTP_ERROR',
    message: expect.stringMatching(/broken `[0-9a-f]{64}\.msgpack\.zst`: it has more than 67108864 bytes/) as string,
  });
});

test('bzip2 may come in several streams, as programs write it that use several processors', async () => {
  server.channel('main', packages, { forms: ['bz2'] });
  const plain = JSON.stringify({
    packages: {},
    'packages.conda': Object.fromEntries(packages.map((each) => [each.filename, each.record])),
  });
  const streams = [plain.slice(0, 300), plain.slice(300)].map((each) => writeBzip2(Buffer.from(each)));
  server.break({ path: 'noarch/repodata.json.bz2', kind: 'body', body: Buffer.concat(streams) });
  expect(await here.names(['main'], ['lib'])).toEqual(['lib 1.0']);
});

test('a shard with another content than the index promises is refused', async () => {
  server.channel('main', packages, { forms: ['shards'] });
  server.break({
    path: '.msgpack.zst',
    kind: 'body',
    body: zstdCompressSync(messagePack({ packages: {} })),
    times: 99,
  });
  const index = await failure(['main'], ['app']);
  expect(index.message).toContain('broken `repodata_shards.msgpack.zst`');
  const machine = await makeSolvingMachine(here.env);
  await server.close();
  server = await startCondaServer();
  server.channel('main', packages, { forms: ['shards'] });
  machine.env.CONDA_CHANNEL_ALIAS = server.url;
  await machine.solve(['main'], ['lib']);
  const path = server.requests.find(({ path: each }) => each.includes('/shards/'))?.path ?? '';
  const fresh = await makeSolvingMachine(machine.env);
  server.break({ path, kind: 'body', body: 'another' });
  await expect(fresh.solve(['main'], ['lib'])).rejects.toMatchObject({
    message: expect.stringContaining('its digest is not the one that the index promises') as string,
  });
  await machine.remove();
  await fresh.remove();
});

test('a damaged cache is fetched again', async () => {
  await here.solve(['main'], ['app']);
  const folder = join(here.store.root, 'repodata');
  // Who has the answer needs no records.
  const forgetAnswers = async (): Promise<void> => await rm(join(here.store.root, 'answers'), { recursive: true });
  await forgetAnswers();
  for (const key of await readdir(folder)) {
    for (const name of await readdir(join(folder, key)))
      if (name.endsWith('.index')) await truncate(join(folder, key, name), 5);
  }
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
  await forgetAnswers();
  for (const key of await readdir(folder)) {
    for (const name of await readdir(join(folder, key)))
      if (name.endsWith('.content')) await truncate(join(folder, key, name), 5);
  }
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
  await forgetAnswers();
  for (const key of await readdir(folder)) {
    for (const name of (await readdir(join(folder, key))).filter((each) => each.endsWith('.content'))) {
      const { size } = await stat(join(folder, key, name));
      await writeFile(join(folder, key, name), 'x'.repeat(size));
    }
  }
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
  for (const key of await readdir(folder)) await writeFile(join(folder, key, 'state.json'), '{');
  expect(await here.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
  for (const key of await readdir(folder)) expect(await readdir(join(folder, key))).toHaveLength(3);
});

test('several solves at once fetch once, and read what belongs together', async () => {
  const solves = Array.from({ length: 6 }, async () => await here.names(['main'], ['other']));
  for (const found of await Promise.all(solves)) expect(found).toEqual(['app 1.0', 'lib 1.0', 'other 1.0']);
  expect(seen().filter((line) => line === '200 /main/linux-64/repodata.json')).toHaveLength(1);
});

test('a channel that changes during solves gives the old or the new', async () => {
  const state = { changes: 0 };
  const changing = (async () => {
    for (; state.changes < 20; state.changes += 1) {
      server.channel('main', state.changes % 2 === 0 ? newer : packages);
      await delay(30);
    }
  })();
  while (state.changes < 20) {
    const found = await Promise.all([here.names(['main'], ['app']), here.names(['main'], ['other'])]);
    for (const [, lib] of found) expect(['lib 1.0', 'lib 2.0']).toContain(lib);
  }
  await changing;
});

test('credentials: in the address, by token, netrc, and the file of rattler', async () => {
  const basic = `Basic ${Buffer.from('ada:p%w').toString('base64')}`;
  server.demand(basic);
  const host = `127.0.0.1:${server.port}`;
  const refused = await failure(['main'], ['app']);
  expect(refused).toMatchObject({ code: 'UNAUTHORIZED' });
  expect(refused.hint).toContain('~/.netrc');
  const wrong = await failure([`http://ada:wrong-pw@${host}/main`], ['app']);
  expect(JSON.stringify([wrong.message, wrong.hint, wrong.details])).not.toContain('wrong-pw');
  const { channels, packages: found } = await here.solve([`http://ada:p%25w@${host}/main`], ['app']);
  expect(channels).toEqual([`http://${host}/main`]);
  expect(JSON.stringify(found)).not.toContain('p%');
  const withVariable = await makeSolvingMachine({ SECRET: 'ada:p%25w' });
  expect((await withVariable.solve([`http://\${SECRET}@${host}/main`], ['app'])).channels).toEqual([
    `http://${host}/main`,
  ]);
  await withVariable.remove();
  const netrc = await makeSolvingMachine({ ...here.env, NETRC: join(here.folder, 'netrc') });
  await writeFile(join(here.folder, 'netrc'), 'machine 127.0.0.1 login ada password p%w\n');
  expect(await netrc.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
  await netrc.remove();
  const kept = join(here.folder, 'auth.json');
  const keptMachine = await makeSolvingMachine({ ...here.env, RATTLER_AUTH_FILE: kept });
  await writeFile(kept, JSON.stringify({ '127.0.0.1': { BasicHTTP: { username: 'ada', password: 'p%w' } }, x: 3 }));
  expect(await keptMachine.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
  await keptMachine.remove();
  server.demand('Bearer b-1');
  const bearer = await makeSolvingMachine({ ...here.env, RATTLER_AUTH_FILE: kept });
  await writeFile(kept, JSON.stringify({ [host]: { BearerToken: 'b-1' } }));
  expect(await bearer.names(['main'], ['app'])).toEqual(['app 1.0', 'lib 1.0']);
  await bearer.remove();
  server.demand(undefined);
  server.channel('t/tk-9-secret/main', packages);
  server.channel('main', []);
  const token = await makeSolvingMachine({ ...here.env, RATTLER_AUTH_FILE: kept });
  await writeFile(kept, JSON.stringify({ [host]: { CondaToken: 'tk-9-secret' } }));
  expect((await token.solve(['main'], ['app'])).channels).toEqual([`${server.url}/main`]);
  for (const name of await readdir(join(token.store.root, 'repodata')))
    expect(await readFile(join(token.store.root, 'repodata', name, 'state.json'), 'utf8')).not.toContain('tk-9');
  server.break({ path: 'repodata.json', kind: 'status', status: 500 });
  const broken = await token
    .solve([`${server.url}/t/tk-9-secret/main`], ['app'], { refresh: true })
    .catch((e: unknown) => e);
  expect(JSON.stringify(broken) + String(broken)).not.toContain('tk-9');
  await token.remove();
});

test('mirrors: the next one where one fails; the lock names the channel', async () => {
  const mirrors = `main=http://127.0.0.1:1/gone,${server.url}/copy`;
  server.channel('copy', packages);
  const machine = await makeSolvingMachine({
    CONDA_CHANNEL_ALIAS: 'https://conda.example',
    TERROIR_MIRRORED_CHANNELS: mirrors,
  });
  const { channels, packages: found } = await machine.solve(['main'], ['lib']);
  expect(channels).toEqual(['https://conda.example/main']);
  expect(found[0]?.url).toBe('https://conda.example/main/noarch/lib-1.0-0.conda');
  await machine.remove();
});

test('a channel in a folder is read from there, and again only when its files change', async () => {
  const { mkdir } = await import('node:fs/promises');
  const folder = join(here.folder, 'my channel');
  await mkdir(join(folder, 'noarch'), { recursive: true });
  const write = async (version: string): Promise<void> => {
    const { filename, record } = condaRecord('lib', version);
    await writeFile(join(folder, 'noarch', 'repodata.json'), JSON.stringify({ packages: { [filename]: record } }));
  };
  await write('1.0');
  for (const channel of [folder, `file://${folder.replace(' ', '%20')}`]) {
    const { channels, packages: found } = await here.solve([channel], ['lib'], { offline: true });
    expect(channels).toEqual([`file://${folder.replace(' ', '%20')}`]);
    expect(found[0]?.url).toBe(`${channels[0]}/noarch/lib-1.0-0.conda`);
  }
  await write('1.0.1');
  expect(await here.names([folder], ['lib'])).toEqual(['lib 1.0.1']);
});

test('digest and size that a channel does not tell are taken from the archive, once', async () => {
  const made = await condaPackage('lib', '1.0', { files: { 'share/x': 'x' } });
  const { sha256, size } = made.record;
  for (const missing of [{ sha256: undefined }, { size: undefined }, { sha256: undefined, size: undefined }]) {
    server.channel('main', [{ ...made, record: { ...made.record, ...missing } }]);
    const { packages: found } = await here.solve(['main'], ['lib']);
    expect(found[0]).toMatchObject({ sha256, size });
  }
  expect(await here.store.hasArchive(String(sha256))).toBe(true);
  seen();
  await here.solve(['main'], ['lib']);
  expect(seen().filter((line) => line.includes('.conda'))).toEqual([]);
  expect((await here.solve(['main'], ['lib'], { offline: true })).packages[0]).toMatchObject({ sha256, size });
  server.channel('lies', [{ ...made, record: { ...made.record, sha256: undefined, md5: '0'.repeat(32) } }]);
  const error = await failure(['lies'], ['lib']);
  expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(error.message).toContain('`lib-1.0-0.conda` of the channel `lies` has another MD5 digest');
});

test('interrupted while a channel does not answer', async () => {
  server.break({ path: 'repodata.json', kind: 'hang' });
  const control = new AbortController();
  const solving = failure(['main'], ['app'], { signal: control.signal });
  await delay(300);
  control.abort();
  expect(await solving).toMatchObject({ code: 'CANCELED' });
});
