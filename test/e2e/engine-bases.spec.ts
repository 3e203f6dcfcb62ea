import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageView } from '../../src/app/index.ts';
import type { BaseEntry } from '../kit/base-image.ts';
import { type DockerDaemon, startDockerDaemon } from '../kit/docker-daemon.ts';
import { pushBase } from '../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

/** No engine's own configuration knows these registries. */
describe('bases that an engine takes', { timeout: 120_000 }, () => {
  let folder: string;
  let registry: RegistryProcess;
  let daemon: DockerDaemon | undefined;
  let index: PypiIndex;
  let sandbox: Sandbox;
  let port: string;
  let shell: BaseEntry;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-engine-bases-'));
    registry = await startDockerRegistry({ root: join(folder, 'registry') });
    port = registry.host.split(':')[1] ?? '';
    const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
    shell = { name: './usr/bin/sh', mode: 0o755, content: await readFile(busybox) };
    await pushBase(`${registry.host}/base:1`, [shell]);
    daemon = await startDockerDaemon();
    index = await startPypiIndex([makeWheel({ name: 'grape', version: '1.0', files: { 'grape.py': '' } })]);
    sandbox = await createSandbox({ index: index.url });
    await sandbox.write('plain.yml', 'name: plain\nimage: localhost/base:1\nrequirements: [grape]\n');
    await sandbox.json(['image', 'copy', `${registry.host}/base:1`, 'localhost/base:1']);
  }, 120_000);
  afterAll(async () => {
    await sandbox.remove();
    await index.close();
    await daemon?.stop();
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const build = async (engine: string, name: string, lines: string, more: string[] = []): Promise<ImageView> => {
    const python = 'python: {version: "3.11"}\nrequirements: [grape]\n';
    await sandbox.write(`${name}-${engine}.yml`, `name: ${name}-${engine}\n${lines}\n${python}`);
    const outcome = await sandbox.run(
      ['env', 'build', `${name}-${engine}.yml`, '--engine', engine, '--json', ...more],
      {
        env: {
          ...(daemon === undefined ? {} : { DOCKER_HOST: daemon.host }),
          DOCKER_BUILDKIT: '0',
          BUILDAH_ISOLATION: 'chroot',
          TERROIR_BUILD_NETWORK: 'host',
          TERROIR_INSECURE_REGISTRIES: `0.0.0.0:${port}`,
        },
      },
    );
    expect(outcome.exitCode, outcome.stdout + outcome.stderr).toBe(0);
    expect(outcome.stderr).toContain(`Building with ${engine}`);
    return JSON.parse(outcome.stdout) as ImageView;
  };
  const kinds = ({ layers }: ImageView) => layers.map(({ kind }) => kind);
  const context = async (engine: string, from: string): Promise<string> => {
    await sandbox.write(
      `context-${engine}/Dockerfile`,
      `ARG BASE=${from}\nFROM $BASE AS first\nRUN echo ${engine} > /made\nFROM ${from}\nCOPY --from=first /made /made\n`,
    );
    return `build: {path: context-${engine}}`;
  };

  describe.each(['docker', 'podman', 'buildah'])('%s', (engine) => {
    it('a registry of this machine, in a context', async () => {
      const image = await build(engine, 'near', await context(engine, `${registry.host}/base:1`));
      expect(kinds(image)).toEqual(['steps', 'steps', 'packages', 'environment']);
    });

    it('the workspace’s own registry, in a context', async () => {
      const image = await build(engine, 'own', await context(engine, 'localhost/base:1'));
      expect(kinds(image)).toEqual(['steps', 'steps', 'packages', 'environment']);
    });

    it('the newest, and every step anew, when a context is built again', async () => {
      const from = `${registry.host}/moving-${engine}:1`;
      await pushBase(from, [shell]);
      const lines = await context(engine, from);
      const first = await build(engine, 'again', lines);
      await pushBase(from, [shell, { name: './usr/lib/newer', content: 'yes' }]);
      const second = await build(engine, 'again', lines, ['--rebuild']);
      expect([first.revision, second.revision]).toEqual([1, 2]);
      expect(second.layers[0]?.digest).not.toBe(first.layers[0]?.digest);
      expect(await sandbox.json(['env', 'image', `again-${engine}`, '--revision', '1'])).toMatchObject({
        digest: first.digest,
      });
    });

    it('the workspace’s own registry, under steps', async () => {
      const steps = `RUN echo ${engine} > /made\n  COPY --from=localhost/base:1 /usr/bin/sh /copied`;
      const { layers } = await sandbox.json<ImageView>(['env', 'build', 'plain.yml']);
      const image = await build(engine, 'steps', `image: localhost/base:1\ndocker_steps: |\n  ${steps}`);
      expect(kinds(image)).toEqual(['base', 'steps', 'steps', 'packages', 'environment']);
      // The base is not in the registry a second time, as the engine would write it.
      expect(image.layers[0]).toEqual(layers[0]);
    });

    it('a registry without https', async () => {
      const far = `0.0.0.0:${port}/base:1`;
      const steps = `RUN echo ${engine} > /far\n  COPY --from=${far} /usr/bin/sh /copied`;
      const image = await build(engine, 'far', `image: ${far}\ndocker_steps: |\n  ${steps}`);
      expect(kinds(image)).toEqual(['base', 'steps', 'steps', 'packages', 'environment']);
    });
  });
});
