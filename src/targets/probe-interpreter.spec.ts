import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProcess } from '../io/index.ts';
import { probeInterpreter } from './index.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'terroir-probe-'));
  const made = await runProcess('python3', ['-m', 'venv', '--without-pip', join(folder, 'venv')], { env });
  expect(made.stderr).toBe('');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('tells what the interpreter is and which distributions it sees', async () => {
  const site = await runProcess(
    join(folder, 'venv', 'bin', 'python'),
    ['-c', 'import site; print(site.getsitepackages()[0])'],
    { env },
  );
  for (const [name, version] of [
    ['Zeta_Pkg', '1.0'],
    ['alpha', '2.1'],
  ]) {
    const info = join(site.stdout.trim(), `${name}-${version}.dist-info`);
    mkdirSync(info);
    writeFileSync(join(info, 'METADATA'), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`);
  }
  const facts = await probeInterpreter('venv/bin/python', { env: { ...env, PYTHONPATH: '/nowhere' }, cwd: folder });
  expect(facts).toEqual({
    path: join(folder, 'venv', 'bin', 'python'),
    version: expect.stringMatching(/^3\.\d+\.\d+/) as string,
    implementation: 'CPython',
    distributions: [
      { name: 'alpha', version: '2.1' },
      { name: 'Zeta_Pkg', version: '1.0' },
    ],
  });
});

test('finds a word on PATH', async () => {
  const facts = await probeInterpreter('python3', { env, cwd: folder });
  expect(facts.version).toMatch(/^3\./);
});

test.each([
  ['missing', 'nothing/python', undefined, 'was not found'],
  ['not on PATH', 'python9.9', undefined, 'was not found'],
  ['something else', 'fake', '#!/bin/sh\necho hello', 'is no working Python'],
  [
    'broken',
    'broken',
    '#!/bin/sh\necho "cannot load libpython" >&2; exit 127',
    'is no working Python: cannot load libpython',
  ],
])('an interpreter that is %s', async (_, name, content, message) => {
  const path = join(folder, name);
  if (content !== undefined) writeFileSync(path, content);
  if (content !== undefined) chmodSync(path, 0o755);
  await expect(probeInterpreter(content === undefined ? name : path, { env, cwd: folder })).rejects.toMatchObject({
    code: 'PYTHON_NOT_FOUND',
    message: expect.stringContaining(message) as string,
    hint: expect.stringContaining('interpreter_path') as string,
  });
});
