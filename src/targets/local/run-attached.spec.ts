import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'terroir-attached-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a process of its own makes of a command: the standard streams of the test's own process are not its to use. */
async function attach(executed: string[], options: { input?: string; onStdout?: (pid: number) => void } = {}) {
  const program = join(folder, 'attached.ts');
  writeFileSync(
    program,
    `import { env } from 'node:process';
     import { runAttached } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
     // Our own command line gives up at the fourth signal.
     process.on('SIGINT', () => process.exit(99));
     process.on('SIGTERM', () => process.exit(99));
     const result = await runAttached({ executed: JSON.parse(env.WORDS), cwd: ${JSON.stringify(folder)}, env: { PATH: env.PATH, ONLY: 'this' } }).catch((error) => ({ code: error.code }));
     console.error(JSON.stringify({ ...result, listeners: process.listenerCount('SIGINT') }));`,
  );
  const child = spawn(execPath, [program], { env: { PATH: env.PATH, WORDS: JSON.stringify(executed) } });
  child.stdin.end(options.input ?? '');
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => (text[name] += chunk.toString()));
  child.stdout.once('data', () => options.onStdout?.(child.pid ?? 0));
  await new Promise((resolve) => child.once('close', resolve));
  return { stdout: text.stdout, result: JSON.parse(text.stderr.trim().split('\n').at(-1) ?? '') as unknown };
}

test('the command has our standard streams and its own environment', async () => {
  const { stdout, result } = await attach(['sh', '-c', 'read line; echo "$line $ONLY"; exit 4'], { input: 'hello\n' });
  expect(stdout).toBe('hello this\n');
  // Those who listened before listen again.
  expect(result).toEqual({ exitCode: 4, signal: null, listeners: 1 });
});

test('SIGTERM is passed on, SIGINT is the command’s own', async () => {
  const { stdout, result } = await attach(
    ['sh', '-c', 'trap "echo ended; exit 9" TERM; echo up; while :; do sleep 0.05; done'],
    {
      onStdout: (pid) => {
        process.kill(pid, 'SIGINT');
        process.kill(pid, 'SIGTERM');
      },
    },
  );
  expect(stdout).toBe('up\nended\n');
  expect(result).toMatchObject({ exitCode: 9, signal: null });
});

test.each([
  [['sh', '-c', 'kill -KILL $$'], { exitCode: 137, signal: 'SIGKILL' }],
  [['missing_command_xyz'], { code: 'COMMAND_NOT_FOUND' }],
])('%j', async (executed, expected) => {
  expect((await attach(executed)).result).toMatchObject(expected);
});
