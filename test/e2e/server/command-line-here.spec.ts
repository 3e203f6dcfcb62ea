import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushBase } from '../../kit/push-base.ts';
import { type RegistryProcess, startDockerRegistry } from '../../kit/registry/docker-registry.ts';
import type { Sandbox } from '../../kit/sandbox.ts';
import { createServedPair, type ServedPair } from '../../kit/served-pair.ts';

describe('what a server locked and built, on a machine of its user', () => {
  let registry: RegistryProcess;
  let pair: ServedPair;
  let here: Sandbox;
  let there: Sandbox;
  let tokens: ServedPair['tokens'];
  beforeAll(async () => {
    pair = await createServedPair();
    ({ here, there, tokens } = pair);
    registry = await startDockerRegistry({ root: join(await mkdtemp(join(tmpdir(), 'terroir-base-')), 'data') });
    await pushBase(`${registry.host}/base:1`);
  });
  afterAll(async () => {
    await pair.remove();
    await registry.stop();
  });

  it('makes environments on this machine that are what the server locked', async () => {
    const input = 'requirements: [alpha]\n';
    await here.run(['env', 'create', '-', '--name', 'mirrored', '-q'], { input });
    const made = await here.json<{ prefix: string; lockDigest: string }>(['env', 'prefix', 'mirrored']);
    const { lock } = await there.json<{ lock: { digest: string } }>(['env', 'lock', 'mirrored']);
    expect(made.lockDigest).toBe(lock.digest);
    expect(made.prefix.startsWith(String(here.env.TERROIR_HOME))).toBe(true);
    const script = ['--', 'python', '-c', 'import alpha, sys; print(alpha.value); sys.exit(3)'];
    const ran = await here.run(['env', 'exec', 'mirrored', ...script]);
    expect([ran.exitCode, ran.stdout]).toEqual([3, '2\n']);
    // A relock there is followed here, back and forth.
    await here.run(['env', 'create', '-', '--name', 'mirrored', '-q'], { input: 'requirements: [alpha<1.1]\n' });
    expect((await here.run(['env', 'exec', 'mirrored', ...script])).stdout).toBe('1\n');
    expect((await here.run(['env', 'exec', 'mirrored:1', ...script])).stdout).toBe('2\n');
    // What was deleted and registered again under its number is what it is now.
    await here.run(['env', 'delete', 'mirrored:2']);
    await here.run(['env', 'create', '-', '--name', 'mirrored', '--version', '2', '-q'], {
      input: 'requirements: [alpha==1.1]\n',
    });
    expect((await here.run(['env', 'exec', 'mirrored:2', ...script])).stdout).toBe('2\n');
    await here.write('unnamed.txt', 'alpha==1.0\n');
    const file = await here.run(['env', 'exec', 'unnamed.txt', ...script]);
    expect([file.exitCode, file.stdout]).toEqual([3, '1\n']);
    const own = await here.run(['env', 'exec', 'own', '--', 'sh', '-c', 'echo $TERROIR_ENVIRONMENT']);
    expect(own.stdout).toBe('own:1\n');
    const offline = await here.run(['env', 'exec', 'mirrored:1', '--offline', ...script]);
    expect([offline.exitCode, offline.stdout]).toEqual([3, '2\n']);
    expect((await here.run(['env', 'exec', 'nobody', ...script])).exitCode).toBe(104);
    expect((await here.run(['env', 'prefix', 'own'])).stderr).toBe((await there.run(['env', 'prefix', 'own'])).stderr);
    // Who may only read gets what is locked.
    const reader = { env: { TERROIR_TOKEN: tokens.reader } };
    expect((await here.run(['env', 'exec', 'mirrored:1', ...script], reader)).exitCode).toBe(3);
    await here.run(['env', 'create', '-', '--name', 'unlocked', '-q'], { input });
    const refused = await here.run(['env', 'exec', 'unlocked:1', ...script], reader);
    expect([refused.exitCode, refused.stderr]).toEqual([109, expect.stringContaining('contributor')]);
    expect((await here.json<{ items: unknown[] }>(['runs', 'list', '--env', 'mirrored'])).items).toEqual([]);
  });

  it('shares with registries, and leaves what concerns this machine here', async () => {
    expect((await here.run(['env', 'share', 'iris', 'registry.example/team'])).stderr).toContain('has no image');
    expect((await here.run(['cache', 'show'])).stdout).toContain(String(here.env.TERROIR_HOME));
    expect((await here.run(['cache', 'gc', '--dry-run'])).exitCode).toBe(0);
    const doctor = await here.run(['doctor']);
    expect(doctor.stdout).toMatch(
      /workspace: http:\/\/127\.0\.0\.1:\d+ answers: Terroir \S+; you are the-contributor, with the role contributor/,
    );
    const lost = await here
      .json<{ items: { subject: string; state: string; remedy: string }[] }>(['doctor'], {
        env: { TERROIR_TOKEN: 'wrong' },
      })
      .catch((error: unknown) => String(error));
    expect(lost).toContain('TERROIR_TOKEN');
  });

  it('builds there', async () => {
    const refused = await here.run(['env', 'build', 'iris', '--engine', 'docker']);
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('the server builds')]);
    const baseless = await here.run(['env', 'build', 'iris', '-q']);
    expect([baseless.exitCode, baseless.stderr]).toEqual([3, expect.stringContaining('iris:1 has no base image')]);
    const input = `image: ${registry.host}/base:1\npython: {version: "3.11"}\nrequirements: [alpha==1.0]\n`;
    await here.run(['env', 'create', '-', '--name', 'built', '-q'], { input });
    const build = await here.run(['env', 'build', 'built', '--platform', 'linux-64', '--json']);
    // What it does there is shown here.
    expect(build.stderr).toMatch(/Resolving|Fetching|Layers|Composing/);
    const built = JSON.parse(build.stdout) as Record<string, unknown>;
    expect(built).toMatchObject({ source: 'built', revision: 1 });
    const shown = ['env', 'image', 'built', '--platform', 'linux-64', '--json'];
    expect((await here.run(shown)).stdout).toBe((await there.run(shown)).stdout);
    const shared = await here.json(['env', 'share', 'built', `${registry.host}/team`]);
    expect(shared).toMatchObject({ name: 'built', version: '1', locks: [{ platform: 'linux-64' }] });
    // `localhost` is the workspace's own registry, wherever the workspace is.
    const copied = await here.run(['image', 'copy', `localhost/${String(built.repository)}:latest`, 'oci:layout']);
    expect([copied.exitCode, copied.stdout]).toEqual([0, expect.stringContaining(String(built.digest))]);
    const written = ['env', 'build', 'built', '--platform', 'linux-64', '--output', 'docker-archive:image.tar'];
    expect(await here.json(written)).toMatchObject({ source: 'workspace', digest: built.digest });
    expect((await here.run(['image', 'validate', 'docker-archive:image.tar'])).exitCode).toBe(0);
    const pushed = `${registry.host}/mine/iris`;
    expect((await here.run(['env', 'build', 'built', '--platform', 'linux-64', '--push', pushed])).exitCode).toBe(0);
    const validated = await here.json(['image', 'validate', `${pushed}:1`]);
    expect(validated).toMatchObject({ digest: built.digest, valid: true });
  });
});
