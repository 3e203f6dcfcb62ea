import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, findEngines, perform } from '../../src/engines/index.ts';
import { runProcess } from '../../src/io/index.ts';
import { type DockerDaemon, startDockerDaemon } from '../kit/docker-daemon.ts';
import { pushBase } from '../kit/push-base.ts';
import { type RegistryProcess, startDockerRegistry } from '../kit/registry/docker-registry.ts';

let folder: string;
let daemon: DockerDaemon | undefined;
let registry: RegistryProcess;
let env: Record<string, string | undefined>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-engines-'));
  daemon = await startDockerDaemon();
  registry = await startDockerRegistry({ root: join(folder, 'registry') });
  await pushBase(`${registry.host}/base:1`);
  env = { PATH: process.env.PATH, HOME: folder, DOCKER_HOST: daemon?.host, DOCKER_BUILDKIT: '0' };
}, 60_000);
afterAll(async () => {
  await daemon?.stop();
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** A context whose base is nothing: a static shell is all there is, so nothing has to be fetched. */
async function makeContext(lines: readonly string[]): Promise<string> {
  const context = await mkdtemp(join(folder, 'context-'));
  const { stdout } = await runProcess('sh', ['-c', 'command -v busybox'], { env });
  await copyFile(stdout.trim(), join(context, 'busybox'));
  await chmod(join(context, 'busybox'), 0o755);
  await writeFile(
    join(context, 'Dockerfile'),
    ['FROM scratch', 'COPY busybox /bin/sh', 'COPY busybox /bin/busybox', ...lines, ''].join('\n'),
  );
  return context;
}

async function engineOf(name: string): Promise<Engine> {
  const state = (await findEngines({ env })).find((each) => each.name === name);
  if (state?.engine === undefined) throw new Error(`${name}: ${JSON.stringify(state)}`);
  return state.engine;
}

describe.each(['docker', 'podman', 'buildah'])('the engine %s', { timeout: 120_000 }, (name) => {
  const requestOf = (context: string, tag: string) => ({
    context,
    dockerfile: join(context, 'Dockerfile'),
    tag,
    network: 'host',
  });

  it('says its version', async () => {
    expect((await engineOf(name)).version).toMatch(/^\d+\.\d+/);
  });

  it('builds a context, and its image can be saved and removed', async () => {
    const engine = await engineOf(name);
    const context = await makeContext(['RUN echo made > /made', 'ENV COLOUR=blue']);
    const lines: string[] = [];
    await perform(engine.build(requestOf(context, `terroir-test:${name}`)), {
      env,
      onLine: (line) => lines.push(line),
    });
    expect(lines.join('\n')).toContain('echo made');
    const file = join(folder, `${name}.tar`);
    await perform(engine.save(`terroir-test:${name}`, file), { env });
    expect((await stat(file)).size).toBeGreaterThan(500_000);
    await perform(engine.remove(`terroir-test:${name}`), { env });
  });

  it('takes its base from a registry of this machine', async () => {
    const engine = await engineOf(name);
    const context = await mkdtemp(join(folder, 'context-'));
    const base = `${registry.host}/base:1`;
    await writeFile(join(context, 'Dockerfile'), `FROM ${base}\nENV COLOUR=blue\n`);
    await perform(engine.pull(base), { env });
    await perform(engine.build(requestOf(context, `terroir-test:${name}-base`)), { env });
    await perform(engine.remove(`terroir-test:${name}-base`), { env });
  });

  it('tells why a step failed', async () => {
    const engine = await engineOf(name);
    const context = await makeContext(['RUN echo the roof is on fire >&2; exit 3']);
    await expect(perform(engine.build(requestOf(context, 'terroir-test:broken')), { env })).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringContaining('the roof is on fire'),
    });
  });

  it('can be interrupted', async () => {
    const engine = await engineOf(name);
    const context = await makeContext(['RUN sleep 600']);
    const controller = new AbortController();
    const build = perform(engine.build(requestOf(context, 'terroir-test:slow')), { env, signal: controller.signal });
    setTimeout(() => controller.abort(), 1500);
    await expect(build).rejects.toMatchObject({ code: 'CANCELED' });
  });
});

describe('runs in a container', { timeout: 120_000 }, () => {
  it('mounts folders, takes variables from the call, and runs as the user named', async () => {
    const engine = await engineOf('docker');
    const context = await makeContext([]);
    const tag = 'terroir-test:run';
    const request = { context, dockerfile: join(context, 'Dockerfile'), tag, network: 'host' };
    await perform(engine.build(request), { env });
    const ids = await perform(engine.containers?.imageIds() ?? never(), { env });
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    const out = join(folder, 'with, comma "and" quotes');
    await mkdir(out);
    await chmod(out, 0o777);
    const { command, args } =
      engine.containers?.run({
        image: tag,
        name: 'terroir-test-run',
        words: ['/bin/busybox', 'sh', '-c', 'echo "$GREETING from $PWD" > result; exit 5'],
        mounts: [{ source: out, target: '/out', readOnly: false }],
        variables: ['GREETING'],
        workingFolder: '/out',
        user: '1234:1234',
        labels: { 'terroir.run': 'x' },
        network: 'host',
        extra: [],
      }) ?? never();
    const result = await runProcess(command, args, { env: { ...env, GREETING: 'hello, world' } });
    expect(result).toMatchObject({ exitCode: 5, stderr: '' });
    expect(await readFile(join(out, 'result'), 'utf8')).toBe('hello, world from /out\n');
    expect((await stat(join(out, 'result'))).uid).toBe(1234);
    await perform(engine.containers?.end('terroir-test-run') ?? never(), { env }).catch(() => undefined);
  });
});

function never(): never {
  throw new Error('the engine runs no containers');
}
