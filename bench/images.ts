/** Images of the same packages by Docker (classic builder and BuildKit), Buildah and ours, from loopback, pushed to the reference registry. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDockerDaemon } from '../test/kit/docker-daemon.ts';
import { startDockerRegistry } from './docker-registry.ts';
import { findUv } from './find-uv.ts';
import { machineShape, measure, median } from './measure.ts';
import { layOutPackage } from './package.ts';
import { serveWheels } from './simple-index.ts';
import { cache, fetchWheels, largest, pinsOf, smallPin, workloads } from './workloads.ts';

/** The command line of the daemon's own package, where there are several: a newer one has no BuildKit without another component. */
export const docker = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';

interface Bench {
  work: string;
  /** Of the registry. */
  host: string;
  base: string;
  index: string;
  env: Record<string, string>;
  /** Counts repositories: each push goes to one that nobody has pushed to. */
  next(): string;
}

/** `wanted` may name workloads: else those that go without saying. */
export async function benchImages({ repeats, wanted }: { repeats: number; wanted: readonly string[] }): Promise<void> {
  console.log(`machine: ${machineShape()}; peers: ${versions()}; images without .pyc files, for all`);
  const daemon = await startDockerDaemon();
  const work = mkdtempSync(join(tmpdir(), 'terroir-bench-images-'));
  const registry = await startDockerRegistry(join(work, 'registry'));
  try {
    const env: Record<string, string> = { PATH: process.env.PATH ?? '', HOME: work, PIP_CONFIG_FILE: '/dev/null' };
    if (daemon !== undefined) env.DOCKER_HOST = daemon.host;
    const base = `${registry.host}/base:1`;
    const from = bringBase();
    execFileSync('skopeo', ['copy', '-q', '--dest-tls-verify=false', `oci-archive:${from}`, `docker://${base}`], {
      env,
    });
    let count = 0;
    const next = (): string => {
      count += 1;
      return `${registry.host}/image-${count}`;
    };
    const named = wanted.filter((each) => each in workloads || each in largest);
    for (const name of named.length > 0 ? named : Object.keys(workloads)) {
      const wheels = fetchWheels(name);
      const index = await serveWheels(wheels);
      try {
        await benchWorkload(
          name,
          pinsOf(wheels),
          { work, host: registry.host, base, index: index.url, env, next },
          repeats,
        );
      } finally {
        index.close();
      }
    }
  } finally {
    registry.stop();
    await daemon?.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

function versions(): string {
  const first = (...words: [string, ...string[]]): string =>
    execFileSync(words[0], words.slice(1), { encoding: 'utf8' }).split('\n')[0] ?? '';
  return [first(docker, '--version'), first('buildah', '--version')].join('; ');
}

/** A Debian with Python as an OCI archive: made once. */
export function bringBase(): string {
  const file = join(cache, 'base.oci.tar');
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'terroir-bench-base-'));
  const tar = join(folder, 'base.tar');
  execFileSync('mmdebstrap', ['--variant=minbase', '--include=python3,python3-pip,ca-certificates', 'bookworm', tar], {
    stdio: 'inherit',
  });
  const container = execFileSync('buildah', ['from', 'scratch'], { encoding: 'utf8' }).trim();
  execFileSync('buildah', ['add', '-q', container, tar, '/']);
  execFileSync('buildah', ['config', '--cmd', 'python3', container]);
  execFileSync('buildah', ['commit', '-q', container, `oci-archive:${file}`]);
  execFileSync('buildah', ['rm', container]);
  rmSync(folder, { recursive: true });
  return file;
}

async function benchWorkload(name: string, pins: readonly string[], bench: Bench, repeats: number): Promise<void> {
  const peers = { classic: dockerBuild('0'), BuildKit: dockerBuild('1'), buildah: buildahBuild };
  const best = { seconds: Number.POSITIVE_INFINITY, peer: '' };
  const images: Record<string, string> = {};
  for (const [peer, build] of Object.entries(peers)) {
    const { seconds, tag } = await build(pins, bench);
    images[peer] = tag;
    console.log(`${name} cold, ${peer}: build and push ${seconds.toFixed(2)} s`);
    if (seconds < best.seconds) Object.assign(best, { seconds, peer });
  }
  const ours = await composed(pins, bench, repeats);
  const show = (what: string, seconds: number): void =>
    console.log(
      `${name} ${what}, terroir: ${seconds.toFixed(2)} s (${best.peer} cold ÷ this: ${(best.seconds / seconds).toFixed(1)})`,
    );
  show('cold, build and push', ours.cold);
  show('warm store, build', ours.warm);
  show('one package added, build and push', ours.changed);
  console.log(
    `${name} nothing changed, terroir: ${ours.cached.toFixed(2)} s; memory ${(ours.memory / 1e6).toFixed(0)} MB at the peak (cold)`,
  );
  images.terroir = ours.tag;
  for (const [peer, tag] of Object.entries(images)) {
    const [byDocker, byPodman] = [await dockerPull(tag, bench), await podmanPull(tag, bench)];
    console.log(`${name} pull of ${peer}'s image: docker ${byDocker.toFixed(2)} s, podman ${byPodman.toFixed(2)} s`);
  }
}

function dockerBuild(buildKit: '0' | '1') {
  return async (pins: readonly string[], { work, base, index, env, next }: Bench): Promise<Pushed> => {
    const context = writeContext(work, { base, pins, index });
    const tag = next();
    const script = `${docker} build -q --network host --no-cache --pull -t ${tag} ${context} && ${docker} push -q ${tag}`;
    const { seconds } = await measure('/bin/sh', ['-c', script], { ...env, DOCKER_BUILDKIT: buildKit }, work);
    execFileSync(
      '/bin/sh',
      ['-c', `${docker} rmi -f ${tag} ${base}; ${docker} builder prune -af; ${docker} system prune -f`],
      {
        env,
        stdio: 'ignore',
      },
    );
    return { seconds, tag };
  };
}

interface Pushed {
  seconds: number;
  tag: string;
}

/** All of it, the base too. */
async function dockerPull(tag: string, { env, work }: Bench): Promise<number> {
  const { seconds } = await measure(docker, ['pull', '-q', tag], env, work);
  execFileSync('/bin/sh', ['-c', `${docker} rmi -f ${tag}; ${docker} system prune -af`], { env, stdio: 'ignore' });
  return seconds;
}

async function podmanPull(tag: string, { env, work }: Bench): Promise<number> {
  const { seconds } = await measure('podman', ['pull', '-q', '--tls-verify=false', tag], env, work);
  execFileSync('podman', ['rmi', '-f', tag], { env, stdio: 'ignore' });
  return seconds;
}

async function buildahBuild(pins: readonly string[], { work, base, index, env, next }: Bench): Promise<Pushed> {
  const context = writeContext(work, { base, pins, index });
  const tag = next();
  const script = `buildah bud -q --isolation chroot --no-cache --pull-always --tls-verify=false -t ${tag} ${context} && buildah push -q --tls-verify=false ${tag}`;
  const { seconds } = await measure('/bin/sh', ['-c', script], env, work);
  execFileSync('/bin/sh', ['-c', `buildah rmi -f ${tag} ${base}`], { env, stdio: 'ignore' });
  return { seconds, tag };
}

function writeContext(
  work: string,
  { base, pins, index }: { base: string; pins: readonly string[]; index: string },
): string {
  const context = join(work, 'context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'requirements.txt'), `${pins.join('\n')}\n`);
  const install = `python3 -m pip install --no-compile --no-cache-dir --break-system-packages --root-user-action=ignore --index-url ${index} -r requirements.txt`;
  writeFileSync(
    join(context, 'Dockerfile'),
    [`FROM ${base}`, 'COPY requirements.txt .', `RUN ${install}`, ''].join('\n'),
  );
  return context;
}

/** Seconds, and bytes. */
interface Composed {
  /** Nothing is there but uv: everything is fetched, the base is read, and all of it is pushed to a new repository. */
  cold: number;
  /** The machine has been asked for these packages before; the image is a new one. It goes into the workspace's registry. */
  warm: number;
  /** A small package more than an image that was pushed: what is new is made and pushed. */
  changed: number;
  /** The same image once more. */
  cached: number;
  memory: number;
  /** Where the cold one is. */
  tag: string;
}

async function composed(
  pins: readonly string[],
  { work, base, index, env, next }: Bench,
  repeats: number,
): Promise<Composed> {
  const folder = mkdtempSync(join(work, 'ours-'));
  const main = layOutPackage(join(folder, 'package'));
  const own = { ...env, PIP_INDEX_URL: index, TERROIR_CATALOG: 'none', TERROIR_UV: findUv() };
  const build = async (home: string, label: string, requirements: readonly string[], push?: string) => {
    const file = join(folder, `${label}.yml`);
    const definition = { image: base, python: { version: '3.11' }, docker_steps: `LABEL bench=${label}`, requirements };
    writeFileSync(file, JSON.stringify(definition));
    const words = [main, 'env', 'build', file, '--workspace', join(folder, `workspace-${home}`)];
    if (push !== undefined) words.push('--push', push);
    return await measure(process.execPath, words, { ...own, TERROIR_HOME: join(folder, home) }, folder);
  };
  // What the file system has to read for the first time is kept apart from what is measured.
  await build('first', 'first', pins.slice(0, 1));
  const cold: number[] = [];
  let memory = 0;
  const repository = next();
  for (let round = 0; round < Math.min(repeats, 3); round += 1) {
    const made = await build(`cold-${round}`, 'cold', pins, round === 0 ? repository : next());
    cold.push(made.seconds);
    memory = Math.max(memory, made.memory ?? 0);
  }
  const warm: number[] = [];
  const cached: number[] = [];
  for (let round = 0; round < repeats; round += 1) {
    warm.push((await build('cold-0', `warm-${round}`, pins)).seconds);
    cached.push((await build('cold-0', `warm-${round}`, pins)).seconds);
  }
  const changed = await build('cold-0', 'changed', [...pins, smallPin], repository);
  return {
    cold: median(cold),
    warm: median(warm),
    cached: median(cached),
    changed: changed.seconds,
    memory,
    tag: `${repository}:1`,
  };
}
