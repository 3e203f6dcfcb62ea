import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageView } from '../../src/app/index.ts';
import type { BaseEntry } from '../kit/base-image.ts';
import { type DockerDaemon, startDockerDaemon } from '../kit/docker-daemon.ts';
import { pushBase } from '../kit/push-base.ts';
import { type RegistryProcess, startDockerRegistry } from '../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';

/** Images that stand in a Dockerfile, or in steps, and move. */
describe('the images of a Dockerfile', { timeout: 180_000 }, () => {
  let folder: string;
  let registry: RegistryProcess;
  let daemon: DockerDaemon | undefined;
  let sandbox: Sandbox;
  let shell: BaseEntry;
  let engineEnv: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-context-images-'));
    registry = await startDockerRegistry({ root: join(folder, 'registry') });
    const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
    shell = { name: './usr/bin/sh', mode: 0o755, content: await readFile(busybox) };
    daemon = await startDockerDaemon();
    sandbox = await createSandbox();
    engineEnv = {
      ...(daemon === undefined ? {} : { DOCKER_HOST: daemon.host }),
      DOCKER_BUILDKIT: '0',
      BUILDAH_ISOLATION: 'chroot',
      TERROIR_BUILD_NETWORK: 'host',
    };
  }, 120_000);
  afterAll(async () => {
    await sandbox.remove();
    await daemon?.stop();
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const push = async (name: string, content: string): Promise<string> => {
    const reference = `${registry.host}/${name}`;
    await pushBase(reference, [shell, { name: './etc/motd', content: `${content}\n` }]);
    return reference;
  };
  const write = async (name: string, dockerfile: string, more = ''): Promise<void> => {
    await sandbox.write(`${name}/Dockerfile`, dockerfile);
    await sandbox.write(`${name}.yml`, `name: ${name}\nbuild: {path: ${name}}\n${more}`);
  };
  /** Since somebody asked the registry what a tag means. */
  const letAMinutePass = (): void => {
    const database = new DatabaseSync(join(sandbox.folder, '.terroir', 'workspace.db'));
    database.exec("update base_references set checked_at = '2020-01-01T00:00:00.000Z'");
    database.close();
  };
  const build = async (name: string, engine: string, more: string[] = []): Promise<ImageView & { said: string }> => {
    const args = ['env', 'build', name, '--engine', engine, '--json', ...more];
    const { exitCode, stdout, stderr } = await sandbox.run(args, { env: engineEnv });
    expect(exitCode, stdout + stderr).toBe(0);
    return { ...(JSON.parse(stdout) as ImageView), said: stderr };
  };
  const isIn = async ({ layers }: ImageView, at: number, text: string): Promise<boolean> => {
    const digest = layers[at]?.digest.slice('sha256:'.length) ?? '';
    const path = join(sandbox.folder, '.terroir', 'registry', 'blobs', 'sha256', digest.slice(0, 2), digest);
    const bytes = await readFile(path);
    // Not every engine compresses.
    return (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).includes(text);
  };
  const copyMotd = (tool: string, base: string): string =>
    [
      `ARG BASE=${base}`,
      `FROM ${tool} AS tools`,
      'RUN read line < /etc/motd; echo "made by $line" > /made',
      'FROM ${BASE}',
      'COPY --from=tools /made /made',
      '',
    ].join('\n');

  describe.each(['docker', 'podman', 'buildah'])('%s', (engine) => {
    it('are followed, each of them, and the earlier revisions stay', async () => {
      const base = await push(`base-${engine}:1`, 'base one');
      const tool = await push(`tool-${engine}:1`, 'tool one');
      const name = `follow-${engine}`;
      await write(name, copyMotd(tool, base));
      const first = await build(`${name}.yml`, engine);
      expect(first).toMatchObject({ revision: 1, base: { reference: base }, images: [{ reference: tool }] });
      expect(await isIn(first, 0, 'base one')).toBe(true);
      expect(await isIn(first, 1, 'made by tool one')).toBe(true);

      await push(`tool-${engine}:1`, 'tool two');
      expect(await build(name, engine)).toMatchObject({ digest: first.digest, source: 'workspace' });
      letAMinutePass();
      const second = await build(name, engine);
      expect(second).toMatchObject({ revision: 2, source: 'built', base: first.base });
      expect(second.said).toContain(`\`${tool}\` moved from ${first.images[0]?.digest} to ${second.images[0]?.digest}`);
      expect(await isIn(second, 1, 'made by tool two')).toBe(true);
      expect(await build(name, engine)).toMatchObject({ digest: second.digest, source: 'workspace' });

      await push(`base-${engine}:1`, 'base two');
      letAMinutePass();
      const third = await build(name, engine);
      expect(third).toMatchObject({ revision: 3, source: 'built', images: second.images });
      expect(third.said).toContain(`\`${base}\` moved from ${first.base?.digest} to ${third.base?.digest}`);
      expect(await isIn(third, 0, 'base two')).toBe(true);
      for (const { revision, digest, images } of [first, second, third])
        expect(await sandbox.json(['env', 'image', name, '--revision', String(revision)])).toMatchObject({
          digest,
          images,
        });
    });

    it('are exactly those that were looked at', async () => {
      const base = await push(`exact-${engine}:1`, 'looked at');
      await write(`exact-${engine}`, `FROM ${base}\nLABEL a=b\n`);
      const first = await build(`exact-${engine}.yml`, engine);
      await push(`exact-${engine}:1`, 'moved since');
      await write(`exact-${engine}`, `FROM ${base}\nLABEL a=c\n`);
      const second = await build(`exact-${engine}.yml`, engine);
      expect(second).toMatchObject({ source: 'built', base: first.base });
      expect(await isIn(second, 0, 'looked at')).toBe(true);
    });
  });

  it('stay where automatic rebuilds are disabled, until it is rebuilt', async () => {
    const base = await push('held-base:1', 'base one');
    const tool = await push('held-tool:1', 'tool one');
    await write('held', copyMotd(tool, base), 'auto_rebuild: disabled\n');
    const first = await build('held.yml', 'buildah');
    await push('held-base:1', 'base two');
    await push('held-tool:1', 'tool two');
    letAMinutePass();
    expect(await build('held', 'buildah')).toMatchObject({ digest: first.digest, source: 'workspace' });
    const rebuilt = await build('held', 'buildah', ['--rebuild']);
    expect(rebuilt).toMatchObject({ revision: 2, source: 'built' });
    expect(await isIn(rebuilt, 0, 'base two')).toBe(true);
    expect(await isIn(rebuilt, 1, 'made by tool two')).toBe(true);
    expect(await build('held', 'buildah')).toMatchObject({ digest: rebuilt.digest, source: 'workspace' });
  });

  it('stay where they are named by digest', async () => {
    const base = await push('pinned:1', 'one');
    await write('tagged', `FROM ${base}\nLABEL a=b\n`);
    const { digest } = (await build('tagged.yml', 'buildah')).base ?? { digest: '' };
    await write('pinned', `FROM ${base}@${digest}\nLABEL a=b\n`);
    const first = await build('pinned.yml', 'buildah');
    expect(first.base).toMatchObject({ reference: `${base}@${digest}`, digest });
    await push('pinned:1', 'two');
    letAMinutePass();
    expect(await build('pinned', 'buildah')).toMatchObject({ digest: first.digest, source: 'workspace' });
  });

  it('mean what they last meant while their registry is away', async () => {
    const own = await startDockerRegistry({ root: join(folder, 'other') });
    const base = `${own.host}/base:1`;
    await pushBase(base, [shell]);
    await write('away', `FROM ${base}\nLABEL a=b\n`);
    const first = await build('away.yml', 'buildah');
    await own.stop();
    letAMinutePass();
    const again = await build('away', 'buildah');
    expect(again).toMatchObject({ digest: first.digest, source: 'workspace' });
    expect(again.said.match(/cannot be reached: taking what it meant on/g)).toHaveLength(1);
  });

  it('are the engine’s to know where no registry has them', async () => {
    const local = await mkdtemp(join(folder, 'local-'));
    await writeFile(join(local, 'Dockerfile'), 'FROM scratch\nLABEL a=b\nCOPY Dockerfile /only-here\n');
    const name = `${registry.host}/only-here:1`;
    const env = { ...process.env, ...engineEnv };
    execFileSync('docker', ['build', '--tag', name, local], { env, stdio: 'pipe' });
    await write('local', `FROM ${name}\nCOPY Dockerfile /Dockerfile\n`);
    const first = await build('local.yml', 'docker');
    expect(first).toMatchObject({ base: null, images: [], source: 'built' });
    expect(first.said).not.toMatch(/warning/);
    expect(await build('local', 'docker')).toMatchObject({ digest: first.digest, source: 'workspace' });
  });

  it('are followed in steps, which are executed again with `--rebuild`', async () => {
    const base = await push('steps-base:1', 'base one');
    const tool = await push('steps-tool:1', 'tool one');
    const steps = `  RUN echo $RANDOM$RANDOM$RANDOM > /made\n  COPY --from=${tool} /etc/motd /copied\n`;
    await sandbox.write('steps.yml', `name: steps\nimage: ${base}\ndocker_steps: |\n${steps}`);
    const first = await build('steps.yml', 'buildah');
    expect(first).toMatchObject({ base: { reference: base }, images: [{ reference: tool }] });
    await push('steps-tool:1', 'tool two');
    letAMinutePass();
    const second = await build('steps', 'buildah');
    expect(second).toMatchObject({ revision: 2, source: 'built', base: first.base });
    expect(await isIn(second, 2, 'tool two')).toBe(true);
    const third = await build('steps', 'buildah', ['--rebuild']);
    expect(third).toMatchObject({ revision: 3, source: 'built', base: first.base, images: second.images });
    expect(third.layers[1]?.digest).not.toBe(second.layers[1]?.digest);
    expect(await build('steps', 'buildah')).toMatchObject({ digest: third.digest, source: 'workspace' });
  });
});
