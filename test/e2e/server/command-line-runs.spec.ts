import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandOutcome, Sandbox } from '../../kit/sandbox.ts';
import { type Served, startServe } from '../../kit/serve.ts';
import { createServedPair, type ServedPair } from '../../kit/served-pair.ts';

describe('runs on a server, by the command line', () => {
  let pair: ServedPair;
  let here: Sandbox;
  let there: Sandbox;
  let served: Served;
  beforeAll(async () => {
    pair = await createServedPair();
    ({ here, there, served } = pair);
  });
  afterAll(async () => {
    await served.stop();
    await pair.remove();
  });

  it('runs commands and jobs there, and passes on what they print and how they end', async () => {
    await here.write('main.py', 'import os, sys\nprint("é", sys.argv[1:], os.environ.get("KEY"))\nsys.exit(7)\n');
    const variables = ['--var', 'KEY=secret:MY_KEY'];
    const unset = await here.run(['run', '--env', 'own', ...variables, '--', 'python3', 'main.py']);
    expect([unset.exitCode, unset.stderr]).toEqual([102, expect.stringContaining('Set MY_KEY in your environment.')]);
    const env = { MY_KEY: 'hush-hush-hush' };
    const ran = await here.run(['run', '--env', 'own', ...variables, '--', 'python3', 'main.py', 'a b'], { env });
    expect([ran.exitCode, ran.stdout]).toEqual([7, "é ['a b'] hush-hush-hush\n"]);
    expect(ran.stderr).toContain('the script ended with exit code 7');
    const { items } = await here.json<{ items: { id: string; createdBy: string }[] }>(['runs', 'list', '--env', 'own']);
    const [{ id, createdBy } = { id: '', createdBy: '' }] = items;
    expect(createdBy).toBe('the-contributor');
    expect((await here.run(['runs', 'logs', id])).stdout).toBe("é ['a b'] hush-hush-hush\n");
    expect((await here.run(['runs', 'logs', id, '--follow'])).stdout).toBe("é ['a b'] hush-hush-hush\n");
    expect(await here.json(['runs', 'logs', id.slice(0, -2)])).toEqual({ log: "é ['a b'] hush-hush-hush\n" });
    expect((await here.run(['runs', 'show', id])).stdout).toContain('own:1');
    expect((await here.run(['runs', 'cancel', id])).exitCode).toBe(5);
    const again = await here.run(['runs', 'replay', id], { env });
    expect([again.exitCode, again.stdout]).toEqual([7, "é ['a b'] hush-hush-hush\n"]);
    await here.write('lists/job.txt', 'alpha==1.0\n');
    await here.write(
      'job.yml',
      'command: python main.py ${{inputs.n}}\ncode: src\ninputs: {n: 1}\nenvironment: {requirements: lists/job.txt}\n',
    );
    await here.write(
      'src/main.py',
      'import alpha, sys\nopen("outputs/m", "w").write("m")\nprint(alpha.value, sys.argv)\n',
    );
    const job = await here.run(['run', 'job.yml', '--input', 'n=2']);
    expect([job.exitCode, job.stdout]).toEqual([0, "1 ['main.py', '2']\n"]);
    const quiet = await here.run(['run', 'job.yml', '--json']);
    const record = JSON.parse(quiet.stdout) as { id: string; status: string };
    expect(record.status).toBe('Completed');
    const model = ['model', 'register', '--run', record.id, '--name', 'iris-model', '--path', 'outputs/m'];
    expect((await here.run(model)).stdout).toMatch(/^registered model iris-model:1 /);
    expect((await here.run(['model', 'list'])).stdout).toContain('iris-model');
    expect((await here.run(['model', 'show', 'iris-model'])).stdout).toContain(record.id);
    expect((await here.run(['model', 'register', '--run', 'x'])).stderr).toContain('--name and --path are missing');
  });

  it('tells of secrets in a command, and sends for a repetition those that are named', async () => {
    const token = `hf_${'aB3d'.repeat(8)}`;
    const words = ['python3', '-c', 'import sys; print(sys.argv[2])', '--token', token];
    const ran = await here.run(['run', '--env', 'own', '--', ...words]);
    expect([ran.exitCode, ran.stdout]).toEqual([0, `${token}\n`]);
    expect(ran.stderr).toContain('what looks like a secret in its command');
    const { items } = await here.json<{ items: { id: string }[] }>(['runs', 'list', '--env', 'own', '--limit', '1']);
    const id = items[0]?.id ?? '';
    const env = { TOKEN: token };
    const refused = await here.run(['runs', 'replay', id], { env });
    expect([refused.exitCode, refused.stderr]).toEqual([102, expect.stringContaining('--secret NAME')]);
    const again = await here.run(['runs', 'replay', id, '--secret', 'TOKEN'], { env });
    expect([again.exitCode, again.stdout]).toEqual([0, `${token}\n`]);
    expect((await here.run(['runs', 'replay', id, '--secret', 'TOKEN'])).exitCode).toBe(102);
  });

  it('sends a file that grows as it was at one moment', async () => {
    await here.write('grows.log', 'line 0\n'.repeat(100_000));
    const writer = keepWriting(
      'let n = 0; setInterval(() => fs.appendFileSync("grows.log", `line ${(n += 1)}\\n`), 1)',
    );
    const script = 'text = open("grows.log").read(); print(text.startswith("line 0"), text.endswith("\\n"))';
    const ran = await here.run(['run', '--env', 'own', '--', 'python3', '-c', script]);
    writer.kill();
    expect([ran.exitCode, ran.stdout]).toEqual([0, 'True True\n']);
  });

  it('names a file that is replaced again and again', async () => {
    const writer = keepWriting(
      'let n = 0; setInterval(() => { fs.writeFileSync("../next", `state ${(n += 1)} ${Math.random()}`); fs.renameSync("../next", "state.txt") }, 1)',
    );
    await waitForFile('state.txt');
    const ran = await here.run(['run', '--env', 'own', '--', 'true']);
    writer.kill();
    expect(ran.exitCode).toBe(105);
    expect(ran.stderr).toContain('state.txt` was changed while it was being sent');
    expect((await here.run(['run', '--env', 'own', '--', 'true'])).exitCode).toBe(0);
  });

  /** Another process that runs a script in the project's folder until it is killed. */
  const keepWriting = (script: string): ChildProcess =>
    spawn(process.execPath, ['-e', `const fs = require("node:fs"); ${script}`], { cwd: here.folder, stdio: 'ignore' });
  const waitForFile = async (name: string): Promise<void> => {
    while (!existsSync(join(here.folder, name))) await sleep(10);
  };

  it('says what went wrong around a script as a folder would', async () => {
    const missing = await here.run(['run', '--env', 'own', '--', 'no-such-program']);
    const local = await there.run(['run', '--env', 'own', '--', 'no-such-program']);
    expect([missing.exitCode, lastLines(missing)]).toEqual([local.exitCode, lastLines(local)]);
    const gpus = await here.run(['run', '--env', 'own', '--gpus', '1', '--', 'x']);
    expect([gpus.exitCode, gpus.stderr]).toEqual([102, expect.stringContaining('--gpus is for containers')]);
    expect((await here.run(['run', '--env', 'nobody', '--', 'x'])).exitCode).toBe(104);
  });

  const lastLines = ({ stderr }: CommandOutcome): string[] =>
    stderr.split('\n').filter((line) => /^(?:error|hint):/.test(line));

  it('ends a run when the user interrupts it', async () => {
    const { child, outcome } = here.start([
      'run',
      '--env',
      'own',
      '--display-name',
      'long',
      '--',
      'sh',
      '-c',
      'echo on; sleep 60',
    ]);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGINT');
    const { exitCode, stderr } = await outcome;
    expect(stderr).toContain('Canceled: the run was interrupted');
    const { items } = await there.json<{ items: { displayName: string; status: string; exitCode: number }[] }>([
      'runs',
      'list',
    ]);
    const run = items.find(({ displayName }) => displayName === 'long');
    expect(run?.status).toBe('Canceled');
    expect(exitCode).toBe(run?.exitCode);
    expect(exitCode).toBe(130);
  });

  it('stays with a run while the server is started anew', async () => {
    const script = 'echo begin; sleep 2; echo end; exit 5';
    const { child, outcome } = here.start(['run', '--env', 'own', '--', 'sh', '-c', script]);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    await served.stop();
    served = await startServe(there, ['--port', new URL(served.url).port]);
    const { exitCode, stdout } = await outcome;
    expect([exitCode, stdout]).toEqual([5, 'begin\nbegin\nend\n']);
    const [run] = (await there.json<{ items: { notes: string[] }[] }>(['runs', 'list', '--limit', '1'])).items;
    expect(run?.notes).toContain('began anew: the worker before stopped');
  });

  it('ends a run that waits for its turn', async () => {
    await served.stop();
    served = await startServe(there, ['--port', new URL(served.url).port, '--runs', '0']);
    const { child, outcome } = here.start(['run', '--env', 'own', '--display-name', 'waiting', '--', 'true']);
    await new Promise((resolve) => child.stderr?.once('data', resolve));
    await sleep(100);
    child.kill('SIGINT');
    const { exitCode, stderr } = await outcome;
    expect([exitCode, stderr]).toEqual([130, expect.stringContaining('cancel')]);
    const [run] = (await there.json<{ items: { displayName: string; status: string }[] }>(['runs', 'list'])).items;
    expect(run).toMatchObject({ displayName: 'waiting', status: 'Canceled' });
  });
});
