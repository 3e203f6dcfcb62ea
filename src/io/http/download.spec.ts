import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type IndexOptions, type PypiIndex, startPypiIndex } from '../../../test/kit/pypi-index.ts';
import { createHttp, type Http } from './http.ts';

const filename = 'big-1.0-py3-none-any.whl';
const bytes = randomBytes(600_000);
const wanted = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };

let folder = '';
let http: Http;
const open: PypiIndex[] = [];
const serve = async (
  options: IndexOptions = {},
  content: Buffer = bytes,
): Promise<{ index: PypiIndex; url: string }> => {
  const index = await startPypiIndex([{ filename, bytes: content }], options);
  open.push(index);
  return { index, url: index.fileUrl(filename) };
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-download-'));
  http = createHttp({ env: {} });
});
afterEach(async () => {
  await http.close();
  for (const index of open.splice(0)) await index.close();
  await rm(folder, { recursive: true, force: true });
});

const target = (): string => join(folder, 'deep', 'file');
/** Compared like this because a difference of big files takes minutes to show. */
const isAt = async (path: string, content: Buffer): Promise<boolean> => content.equals(await readFile(path));
const ranges = (index: PypiIndex): (string | undefined)[] => index.requests.map(({ headers }) => headers.range);
const files = async (): Promise<string[]> => await readdir(join(folder, 'deep')).catch(() => []);

test('a file, verified, with its progress', async () => {
  const { url } = await serve();
  const progress: number[] = [];
  const total = new Set<number | undefined>();
  const onProgress = (done: number, of: number | undefined): void => {
    progress.push(done);
    total.add(of);
  };
  expect(await http.download(url, target(), { ...wanted, onProgress })).toEqual(wanted);
  expect(await isAt(target(), bytes)).toBe(true);
  expect(progress.at(-1)).toBe(bytes.length);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect([...total]).toEqual([bytes.length]);
  expect(await files()).toEqual(['file']);
});

test('goes on after each break', async () => {
  const { index, url } = await serve();
  index.break({ path: filename, kind: 'drop', after: 150_000, times: 3 });
  await http.download(url, target(), wanted);
  expect(await isAt(target(), bytes)).toBe(true);
  const starts = ranges(index).map((range) => Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0));
  expect(starts).toHaveLength(4);
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  expect(starts.at(-1)).toBeGreaterThan(0);
});

test('a server that knows no ranges starts again', async () => {
  const { index, url } = await serve({ ranges: false });
  index.break({ path: filename, kind: 'drop', after: 150_000, times: 1 });
  await http.download(url, target(), wanted);
  expect(await isAt(target(), bytes)).toBe(true);
});

test('a server that always breaks off is given up', async () => {
  const { index, url } = await serve({ ranges: false });
  index.break({ path: filename, kind: 'drop', after: 1000 });
  await http.close();
  http = createHttp({ env: {}, retries: 1 });
  await expect(http.download(url, target(), wanted)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  expect(await files()).not.toContain('file');
});

test('continues what an earlier process left, after kill -9', async () => {
  const { index, url } = await serve();
  const off = index.break({ path: filename, kind: 'slow', bytesPerSecond: 400_000 });
  const script = `import { createHttp } from ${JSON.stringify(join(import.meta.dirname, 'http.ts'))};
await createHttp({ env: {} }).download(${JSON.stringify(url)}, ${JSON.stringify(target())}, ${JSON.stringify(wanted)});`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const size = async (): Promise<number> =>
    await stat(`${target()}.part`).then(
      ({ size }) => size,
      () => 0,
    );
  for (let i = 0; i < 400 && (await size()) === 0; i += 1) await delay(25);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  off();
  const left = await size();
  await http.download(url, target(), wanted);
  expect(await isAt(target(), bytes)).toBe(true);
  expect(left).toBeGreaterThan(0);
  expect(ranges(index).at(-1)).toBe(`bytes=${left}-`);
}, 30_000);

test.each([
  ['other bytes', randomBytes(200_000)],
  ['more than there is', randomBytes(700_000)],
  ['as much as there is, but others', randomBytes(600_000)],
])('what was left is of another file: %s', async (_name, left) => {
  const { url } = await serve();
  await mkdir(join(folder, 'deep'));
  await writeFile(`${target()}.part`, left);
  await http.download(url, target(), wanted);
  expect(await isAt(target(), bytes)).toBe(true);
});

test('without a digest nothing is continued that another process left', async () => {
  const { index, url } = await serve();
  await mkdir(join(folder, 'deep'));
  await writeFile(`${target()}.part`, randomBytes(1000));
  expect(await http.download(url, target())).toEqual(wanted);
  expect(ranges(index)).toEqual([undefined]);
});

test('a file that changes between two tries is not mixed', async () => {
  const { index, url } = await serve();
  const newer = randomBytes(600_000);
  index.break({ path: filename, kind: 'drop', after: 150_000, times: 1 });
  const download = http.download(url, target());
  for (let i = 0; i < 100 && index.requests.length === 0; i += 1) await delay(5);
  index.publish({ filename, bytes: newer });
  await download;
  expect(await isAt(target(), newer)).toBe(true);
});

test.each([
  ['a lie about the digest', { sha256: '0'.repeat(64) }, undefined],
  ['too long', wanted, { path: filename, kind: 'lengthen', by: 10 }],
  ['truncated', wanted, { path: filename, kind: 'truncate', after: 1000 }],
  ['truncated without a digest', { size: wanted.size }, { path: filename, kind: 'truncate', after: 1000 }],
  ['a login page', wanted, { path: filename, kind: 'login-page' }],
] as const)('nothing is kept of %s', async (name, options, fault) => {
  const { index, url } = await serve();
  if (fault !== undefined) index.break(fault);
  const failure: unknown = await http.download(url, target(), options).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: name.startsWith('truncated')
      ? (expect.stringMatching(/^(?:DIGEST_MISMATCH|UNREACHABLE)$/) as unknown)
      : 'DIGEST_MISMATCH',
  });
  if (name === 'a login page')
    expect(failure).toMatchObject({ message: `\`${url}\` answers with a web page (56 bytes) instead of the file` });
  expect(await files()).not.toContain('file');
});

test('a full disk says so, and what came is continued when there is room', async () => {
  const mount = join(folder, 'small');
  await mkdir(mount);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', mount], { stdio: 'ignore' });
  } catch {
    // Only an administrator can make a disk that is full.
    return;
  }
  try {
    const { url } = await serve();
    await expect(http.download(url, join(mount, 'file'), wanted)).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(await readdir(mount)).not.toContain('file');
    execFileSync('mount', ['-o', 'remount,size=2m', mount]);
    await http.download(url, join(mount, 'file'), wanted);
    expect(await isAt(join(mount, 'file'), bytes)).toBe(true);
  } finally {
    execFileSync('umount', [mount]);
  }
});

test('a file of this machine', async () => {
  const source = join(folder, 'source file');
  await writeFile(source, bytes);
  expect(await http.download(pathToFileURL(source).href, target(), wanted)).toEqual(wanted);
  await expect(http.download('file:///no/such/file', target())).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});

test('an interrupt keeps what came', async () => {
  const { index, url } = await serve();
  const off = index.break({ path: filename, kind: 'slow', bytesPerSecond: 400_000 });
  await expect(http.download(url, target(), { ...wanted, signal: AbortSignal.timeout(400) })).rejects.toMatchObject({
    code: 'CANCELED',
  });
  off();
  await http.download(url, target(), wanted);
  expect(ranges(index).at(-1)).toMatch(/^bytes=[1-9]/);
  expect(await isAt(target(), bytes)).toBe(true);
});
