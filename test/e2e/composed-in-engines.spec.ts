import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageView } from '../../src/app/index.ts';
import type { RunRecord } from '../../src/schema/index.ts';
import { realPackages } from '../kit/conda/real-packages.ts';
import { type CondaChannel, startCondaChannel } from '../kit/conda-channel.ts';
import { pushDebian } from '../kit/debian-base.ts';
import { type DockerDaemon, startDockerDaemon } from '../kit/docker-daemon.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { makeWheel } from '../kit/wheel.ts';

/** Where an engine that keeps its images in containerd calls them by their manifests, the old one calls them by their configurations. */
const byManifests = (docker: string): string => `#!/bin/sh
known() { ${docker} images --digests --no-trunc --format '{{.Digest}} {{.ID}}'; }
if [ "$1" = images ]; then known | sed -n 's/^\\(sha256:[^ ]*\\) .*/\\1/p'; exit 0; fi
for word do
  shift
  case $word in sha256:*)
    id=$(known | sed -n "s/^$word //p" | head -1)
    [ -n "$id" ] || { echo "Error: No such image: $word" >&2; exit 1; }
    word=$id ;;
  esac
  set -- "$@" "$word"
done
exec ${docker} "$@"
`;

const script = `
import json, os, sys
import hills
shm = os.statvfs("/dev/shm")
print(json.dumps({
    "prefix": sys.prefix,
    "conda": os.environ.get("CONDA_PREFIX"),
    "height": hills.height,
    "extra": os.environ.get("EXTRA"),
    "shm": shm.f_blocks * shm.f_frsize >> 20,
}))
`;

/** A real Debian, a real Python, and images that were put together without executing anything. */
describe('composed images run', { timeout: 180_000 }, () => {
  let folder: string;
  let registry: RegistryProcess;
  let daemon: DockerDaemon | undefined;
  let channel: CondaChannel;
  let index: PypiIndex;
  let sandbox: Sandbox;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-composed-'));
    registry = await startDockerRegistry({ root: join(folder, 'registry') });
    await pushDebian(`${registry.host}/debian:12`);
    daemon = await startDockerDaemon();
    const { packages, python } = await realPackages();
    channel = await startCondaChannel(packages);
    const hills = makeWheel({
      name: 'hills',
      version: '3.0',
      entryPoints: { console_scripts: { climb: 'hills:main' } },
      files: { 'hills/__init__.py': 'height = 812\n\ndef main():\n    print("climbed", height)\n' },
    });
    index = await startPypiIndex([hills]);
    sandbox = await createSandbox({
      index: index.url,
      env: { DOCKER_HOST: daemon?.host ?? '', TERROIR_RUN_NETWORK: 'host' },
    });
    const image = `image: ${registry.host}/debian:12\n`;
    await sandbox.write('wheels.yml', `name: wheels\n${image}requirements: [hills]\n`);
    const layer = { channels: [channel.url], dependencies: [`python=${python.minor}`, 'pip', { pip: ['hills'] }] };
    await sandbox.write('conda.yml', `name: conda\n${image}conda_file: ${JSON.stringify(layer)}\n`);
    await sandbox.write('code/script.py', script);
    await sandbox.write(
      'job.yml',
      'code: code\ncommand: python script.py\nenvironment: wheels:1\ncompute: docker\n' +
        'resources: { shm_size: 96m, docker_args: "--env EXTRA=more" }\n',
    );
    await sandbox.json(['env', 'create', 'wheels.yml']);
    await sandbox.json(['env', 'create', 'conda.yml']);
  }, 240_000);
  afterAll(async () => {
    await sandbox.remove();
    await index.close();
    await channel.close();
    await daemon?.stop();
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  it('with wheels on Debian’s Python, as a job says', async () => {
    const outcome = await sandbox.run(['run', 'job.yml']);
    expect(outcome.exitCode, outcome.stderr).toBe(0);
    const said: unknown = JSON.parse(outcome.stdout);
    expect(said).toMatchObject({ height: 812, extra: 'more', shm: 96 });
    const { base } = await sandbox.json<ImageView>(['env', 'image', 'wheels']);
    expect(base?.createdAt).toMatch(/^20\d\d-\d\d-\d\dT/);
    const climbed = await sandbox.run(['run', '--env', 'wheels', '--target', 'docker', '--', 'climb']);
    expect(climbed, climbed.stderr).toMatchObject({ exitCode: 0, stdout: 'climbed 812\n' });
  });

  it('with a Python from conda, activated', async () => {
    const words = ['run', '--env', 'conda', '--target', 'docker', '--', 'python', 'code/script.py'];
    const outcome = await sandbox.run(words);
    expect(outcome.exitCode, outcome.stderr).toBe(0);
    const said = JSON.parse(outcome.stdout) as { prefix: string; conda: string };
    expect(said).toMatchObject({ height: 812, shm: 64 });
    expect(said.conda).toBe(said.prefix);
    const { items } = await sandbox.json<{ items: RunRecord[] }>(['runs', 'list']);
    expect(items[0]).toMatchObject({ target: 'docker', prefix: said.prefix, status: 'Completed' });
  });

  it('in Podman', async () => {
    const files = {
      // A store of the test's own, and limits that a machine which may not raise them allows.
      'storage.conf': `[storage]\ndriver = "vfs"\ngraphroot = "${folder}/podman"\nrunroot = "${folder}/podman-run"\n`,
      'containers.conf': '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const env = {
      CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
      CONTAINERS_CONF: join(folder, 'containers.conf'),
    };
    const words = ['run', '--env', 'wheels', '--target', 'podman', '--var', 'EXTRA=told'];
    const outcome = await sandbox.run([...words, '--', 'python', 'code/script.py'], { env });
    expect(outcome.exitCode, outcome.stderr).toBe(0);
    const said: unknown = JSON.parse(outcome.stdout);
    expect(said).toMatchObject({ prefix: '/opt/terroir/env', height: 812, extra: 'told' });
    expect(outcome.stderr).toContain('Pulling the image into podman');
  });

  it('in an engine that calls images by their manifests', async () => {
    const bin = join(folder, 'bin');
    const docker = execFileSync('sh', ['-c', 'command -v docker'], { encoding: 'utf8' }).trim();
    execFileSync('mkdir', [bin]);
    await writeFile(join(bin, 'docker'), byManifests(docker));
    await chmod(join(bin, 'docker'), 0o755);
    const env = { PATH: [bin, process.env.PATH].join(delimiter) };
    await sandbox.write(
      'other.yml',
      `image: ${registry.host}/debian:12\nrequirements: [hills]\ndocker_steps: LABEL a=b\n`,
    );
    const words = ['run', '--env', 'other.yml', '--target', 'docker', '--', 'climb'];
    const pulled = await sandbox.run(words, { env });
    expect(pulled, pulled.stderr).toMatchObject({ exitCode: 0, stdout: 'climbed 812\n' });
    expect(pulled.stderr).toContain('Pulling the image');
    const again = await sandbox.run(words, { env });
    expect(again, again.stderr).toMatchObject({ exitCode: 0, stdout: 'climbed 812\n' });
    expect(again.stderr).not.toContain('Pulling the image');
  });
});
