import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type IndexOptions, type PypiIndex, startPypiIndex } from '../../../test/kit/pypi-index.ts';
import { makeWheel } from '../../../test/kit/wheel.ts';
import { createHttp, type Http } from '../../io/index.ts';
import type { PypiPackage } from '../../schema/index.ts';
import { createCredentials } from './credentials.ts';
import { type FetchOptions, fetchWheel } from './fetch-wheel.ts';
import { readPipConfiguration } from './pip-configuration.ts';

const wheel = makeWheel({ name: 'some.thing', version: '1.0' });
const other = makeWheel({ name: 'some.thing', version: '1.0', files: { 'x.py': 'another\n' } });
const locked: PypiPackage = {
  kind: 'pypi',
  name: 'some-thing',
  version: '1.0',
  filename: wheel.filename,
  sha256: wheel.sha256,
  size: wheel.bytes.length,
  dependencies: [],
  requested: true,
};

let folder = '';
let http: Http;
const open: PypiIndex[] = [];
const serve = async (bytes: Buffer | undefined, options?: IndexOptions): Promise<PypiIndex> => {
  const index = await startPypiIndex(bytes === undefined ? [] : [{ filename: wheel.filename, bytes }], options);
  open.push(index);
  return index;
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-fetch-'));
  http = createHttp({ env: {}, retries: 0 });
});
afterEach(async () => {
  await http.close();
  for (const index of open.splice(0)) await index.close();
  await rm(folder, { recursive: true, force: true });
});

const fetched = async (
  pkg: PypiPackage,
  places: Partial<FetchOptions['places']> = {},
  more: Partial<FetchOptions> = {},
): Promise<boolean> => {
  const file = join(folder, 'fetched');
  await fetchWheel(pkg, file, { http, places: { indexes: [], findLinks: [], ...places }, ...more });
  return wheel.bytes.equals(await readFile(file));
};

test('from the address of the lock, with variables in it', async () => {
  const index = await serve(wheel.bytes);
  expect(await fetched({ ...locked, url: index.fileUrl(wheel.filename) })).toBe(true);
  expect(
    await fetched(
      { ...locked, url: `http://127.0.0.1:\${PORT}/files/${wheel.filename}` },
      {},
      { env: { PORT: String(index.port) } },
    ),
  ).toBe(true);
});

test.each([
  ['is gone', undefined, 'HTTP_ERROR'],
  ['has another file by now', other.bytes, 'DIGEST_MISMATCH'],
])('where the lock’s address %s, from wherever the same file is', async (_name, bytes, code) => {
  const first = await serve(bytes);
  const pkg = { ...locked, url: first.fileUrl(wheel.filename), index: first.url };
  const wrong = await serve(other.bytes);
  for (const options of [
    {},
    { format: 'html' as const },
    { digests: false },
    { format: 'html' as const, digests: false },
  ]) {
    const mirror = await serve(wheel.bytes, options);
    expect(await fetched(pkg, { indexes: [wrong.url, mirror.url] })).toBe(true);
    expect(await fetched(pkg, { findLinks: [mirror.linksUrl] })).toBe(true);
  }
  await mkdir(join(folder, 'wheels'));
  await writeFile(join(folder, 'wheels', wheel.filename), wheel.bytes);
  expect(await fetched(pkg, { findLinks: [join(folder, 'wheels')] })).toBe(true);
  await expect(fetched(pkg, { indexes: [wrong.url] })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/^`some_thing-1\.0-py3-none-any\.whl` cannot be fetched: /) as unknown,
  });
});

test('a dead mirror does not stand in the way of a good one', async () => {
  const mirror = await serve(wheel.bytes);
  expect(
    await fetched(
      { ...locked, url: 'http://127.0.0.1:1/x.whl' },
      { indexes: ['http://127.0.0.1:1/simple', mirror.url] },
    ),
  ).toBe(true);
  await expect(
    fetched({ ...locked, url: 'http://127.0.0.1:1/x.whl' }, { indexes: ['http://127.0.0.1:1/simple'] }),
  ).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

test('an index that lies about digests is found out', async () => {
  const liar = await serve(undefined);
  liar.publish({ filename: wheel.filename, bytes: other.bytes });
  await expect(fetched({ ...locked, index: liar.url, url: liar.fileUrl(wheel.filename) })).rejects.toMatchObject({
    code: 'DIGEST_MISMATCH',
  });
});

test('offline says so; a folder still serves', async () => {
  await http.close();
  http = createHttp({ env: {}, offline: true });
  await mkdir(join(folder, 'wheels'));
  await writeFile(join(folder, 'wheels', wheel.filename), wheel.bytes);
  const pkg = { ...locked, url: 'http://127.0.0.1:1/x.whl' };
  await expect(fetched(pkg, { indexes: ['http://127.0.0.1:1/simple'] })).rejects.toMatchObject({ code: 'OFFLINE' });
  expect(await fetched(pkg, { findLinks: [join(folder, 'wheels')] })).toBe(true);
});

test('credentials: of the longest configured path, of netrc, of the definition', async () => {
  const env = {
    PIP_INDEX_URL: 'https://a:1@host/one/simple',
    PIP_EXTRA_INDEX_URL: 'https://b:2@host/one/two/simple https://plain/',
    TOKEN: 's3%2Fcret',
  };
  await writeFile(
    join(folder, '.netrc'),
    '# mine\nmacdef init\ncd /\n\nmachine other login n password "q w"\ndefault login d password e\n'.replace(
      '"q w"',
      'qw',
    ),
  );
  const pip = await readPipConfiguration({ env: { ...env, PIP_CONFIG_FILE: '/dev/null' }, home: folder });
  const ask = createCredentials({ env, home: folder }, pip, [
    'https://u:${TOKEN}@named/simple',
    'https://u:${MISSING}@never/',
  ]);
  const loginFor = async (url: string): Promise<string | undefined> => {
    const header = await ask(new URL(url));
    return header === undefined ? undefined : Buffer.from(header.replace('Basic ', ''), 'base64').toString();
  };
  expect(await loginFor('https://host/one/two/files/x.whl')).toBe('b:2');
  expect(await loginFor('https://host/one/files/x.whl')).toBe('a:1');
  expect(await loginFor('https://named/x')).toBe('u:s3/cret');
  expect(await loginFor('https://other/x')).toBe('n:qw');
  expect(await loginFor('https://elsewhere/x')).toBe('d:e');
  await rm(join(folder, '.netrc'));
  expect(await createCredentials({ env, home: folder }, pip)(new URL('https://elsewhere/x'))).toBeUndefined();
});
