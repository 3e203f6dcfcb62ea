import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../src/errors/index.ts';
import { type LockRequest, leftovers, lockOn, type Machine, makeMachine } from '../kit/locker.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { makeSdist } from '../kit/sdist.ts';
import { makeWheel } from '../kit/wheel.ts';

let index: PypiIndex;
let here: Machine;

beforeAll(async () => {
  index = await startPypiIndex([
    makeWheel({ name: 'alpha', version: '1.0', requires: ['beta<2'] }),
    makeWheel({ name: 'alpha', version: '1.1', requires: ['beta<2'] }),
    makeWheel({ name: 'beta', version: '1.0' }),
    makeWheel({ name: 'beta', version: '2.0' }),
    makeWheel({ name: 'modern', version: '1.0', requiresPython: '>=3.13' }),
    makeWheel({ name: 'windows-only', version: '1.0', tag: 'py3-none-win_amd64' }),
    makeWheel({ name: 'newest-libc', version: '1.0', tag: 'py3-none-manylinux_2_34_x86_64' }),
    makeWheel({ name: 'preview', version: '1.0rc1' }),
    makeWheel({ name: 'pulled', version: '1.0' }),
    makeSdist({ name: 'needs-nothing-there', version: '1.0', buildRequires: ['no-such-build-tool'] }),
  ]);
});
afterAll(async () => await index.close());
beforeEach(async () => {
  here = await makeMachine({ env: { PIP_RETRIES: '0' } });
});
afterEach(async () => {
  expect(await leftovers(here)).toEqual([]);
  await here.remove();
});

const failureOf = async (request: LockRequest): Promise<AppError> => {
  const error: unknown = await lockOn(here, { python: '3.12', ...request }).catch((reason: unknown) => reason);
  if (!(error instanceof AppError)) throw new Error('it should have failed', { cause: error });
  return error;
};
/** Message and hint as a user reads them, without what differs from run to run. */
const textOf = ({ code, message, hint = '' }: AppError): string =>
  `${code}: ${message}\nhint: ${hint}`.replaceAll(here.folder, '<machine>').replaceAll(String(index.port), '<port>');

test.each([
  ['unknown', ['no-such-thing']],
  ['conflict', ['alpha', 'beta>=2']],
  ['version', ['alpha>=7']],
  ['python', ['modern']],
  ['platform', ['windows-only']],
  ['libc', ['newest-libc']],
  ['prerelease', ['preview<1']],
  ['build-requires', ['needs-nothing-there']],
  ['archive-gone', ['http://127.0.0.1:<port>/files/gone-1.0-py3-none-any.whl']],
  ['git-gone', ['gone @ git+file:///nowhere/at/all.git']],
  ['nobody-listens', ['http://127.0.0.1:1/x-1.0-py3-none-any.whl']],
])('what cannot be solved is explained: %s', async (_name, lines) => {
  const requirements = [`--index-url ${index.url}`, ...lines.map((line) => line.replace('<port>', String(index.port)))];
  const failure = await failureOf({ requirements });
  expect(textOf(failure)).toMatchSnapshot();
  expect(`${failure.message}${failure.hint ?? ''}`).not.toMatch(
    /store\/tmp|resolve-\w|requirements\.in|constraints\.txt|uv pip|--python-version/,
  );
});

test('an index that is no index', async () => {
  const off = index.break({ path: '/simple/alpha', kind: 'login-page' });
  const failure = await failureOf({ requirements: [`--index-url ${index.url}`, 'alpha'] });
  off();
  expect(textOf(failure)).toMatchSnapshot();
});

test('no Python at all, and none that fits', async () => {
  here.env.PATH = '/nonexistent';
  const error = await failureOf({ requirements: ['alpha'], python: null }).catch((reason: unknown) => reason);
  // Machines that run these tests have some in fixed places.
  if (error instanceof AppError && error.code === 'PYTHON_NOT_FOUND')
    expect(error.hint).toContain('No Python was found');
  const failure = await failureOf({ requirements: ['alpha'], python: '>=3.77' });
  expect(failure).toMatchObject({
    code: 'PYTHON_NOT_FOUND',
    message: 'a Python that fits `>=3.77` is not on this machine',
  });
  expect(await failureOf({ requirements: ['alpha'], python: '>=x' }).catch(() => undefined)).toBeDefined();
});

test('an interrupt ends uv and what it started, and leaves nothing', async () => {
  const marker = `terroir-test-${process.pid}-${Date.now()}`;
  const step = `import subprocess; subprocess.run([sys.executable, "-c", "import time; time.sleep(300)", "${marker}"])`;
  index.publish(makeSdist({ name: 'endless', version: '1', buildStep: step }));
  const aborter = new AbortController();
  const lock = lockOn(here, { requirements: [`--index-url ${index.url}`, 'endless'], signal: aborter.signal });
  const isRunning = (): boolean => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(marker);
  for (let i = 0; i < 200 && !isRunning(); i += 1) await delay(50);
  expect(isRunning()).toBe(true);
  aborter.abort(new AppError('CANCELED', 'interrupted'));
  await expect(lock).rejects.toMatchObject({ code: 'CANCELED' });
  for (let i = 0; i < 40 && isRunning(); i += 1) await delay(50);
  expect(isRunning()).toBe(false);
});

test('an interrupt while an index is slow', async () => {
  const off = index.break({ path: '/files/alpha', kind: 'slow', bytesPerSecond: 20 });
  const aborter = new AbortController();
  const startedAt = Date.now();
  const lock = lockOn(here, { requirements: [`--index-url ${index.url}`, 'alpha'], signal: aborter.signal });
  setTimeout(() => aborter.abort(), 600);
  await expect(lock).rejects.toMatchObject({ code: 'CANCELED' });
  expect(Date.now() - startedAt).toBeLessThan(4000);
  off();
});
