import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/schema/index.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';

describe('user-managed Python', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox();
    execFileSync('python3', ['-m', 'venv', '--without-pip', `${sandbox.folder}/mine`]);
    await sandbox.write('mine/lib/hello-1.2.dist-info/METADATA', 'Name: hello\nVersion: 1.2\n');
    await sandbox.write(
      'own.yml',
      `name: own\npython:\n  user_managed: true\n  interpreter_path: ${sandbox.folder}/mine/bin/python\n`,
    );
  });
  afterAll(async () => {
    await sandbox.remove();
  });

  it('runs the named interpreter, installs nothing, and records what it saw', async () => {
    const outcome = await sandbox.run([
      'run',
      '--env',
      'own.yml',
      '--',
      'python',
      '-c',
      'import sys; print(sys.prefix)',
    ]);
    expect(outcome).toMatchObject({ exitCode: 0, stdout: `${sandbox.folder}/mine\n` });
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list']);
    expect(items[0]).toMatchObject({
      lockDigest: null,
      prefix: null,
      interpreter: { path: `${sandbox.folder}/mine/bin/python`, implementation: 'CPython', distributions: [] },
    });
    expect(await sandbox.json(['env', 'show', 'own'])).toMatchObject({ category: 'user_managed' });
  });

  it.each([
    ['own.yml', 'own:1 has nothing to lock: its Python is user-managed', 'A run records the interpreter'],
    ['base.yml', 'base:1 has nothing to lock: it has no Python layer', 'is recorded by digest'],
  ])('has no lock, rather than one that names a Python of this machine: %s', async (file, message, hint) => {
    await sandbox.write('base.yml', 'name: base\nimage: debian:12\n');
    for (const more of [[], ['--relock']]) {
      const outcome = await sandbox.run(['env', 'lock', file, ...more]);
      expect(outcome.exitCode).toBe(3);
      expect(outcome.stderr).toContain(message);
      expect(outcome.stderr).toContain(hint);
    }
    // What is registered stays so, and is told why it has no lock.
    const created = await sandbox.run(['env', 'create', file, '--lock']);
    expect([created.exitCode, created.stderr]).toEqual([0, expect.stringContaining(message)]);
  });

  it('says so when the interpreter is missing', async () => {
    await sandbox.write('gone.yml', 'name: gone\npython: { user_managed: true, interpreter_path: /nowhere/python }\n');
    const outcome = await sandbox.run(['run', '--env', 'gone.yml', '--', 'python', '-V']);
    expect(outcome.exitCode).toBe(104);
    expect(outcome.stderr).toContain('the interpreter `/nowhere/python` of gone:1 is not on this machine');
  });
});
