/** What compiled modules in an image bring: the first start of a program in a fresh container, with and without them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDockerDaemon } from '../test/kit/docker-daemon.ts';
import { startDockerRegistry } from './docker-registry.ts';
import { findUv } from './find-uv.ts';
import { bringBase, docker } from './images.ts';
import { machineShape, measure, median } from './measure.ts';
import { layOutPackage } from './package.ts';
import { serveWheels } from './simple-index.ts';
import { fetchWheels, pinsOf } from './workloads.ts';

const program = 'import numpy, pandas, scipy.stats, sklearn.ensemble';

export async function benchBytecode({ repeats }: { repeats: number }): Promise<void> {
  console.log(`machine: ${machineShape()}; ${execFileSync(docker, ['--version'], { encoding: 'utf8' }).trim()}`);
  const daemon = await startDockerDaemon();
  const work = mkdtempSync(join(tmpdir(), 'terroir-bench-bytecode-'));
  const registry = await startDockerRegistry(join(work, 'registry'));
  const wheels = fetchWheels('W-sci');
  const index = await serveWheels(wheels);
  try {
    const env: Record<string, string> = { PATH: process.env.PATH ?? '', HOME: work, PIP_CONFIG_FILE: '/dev/null' };
    if (daemon !== undefined) env.DOCKER_HOST = daemon.host;
    const base = `${registry.host}/base:1`;
    execFileSync('skopeo', ['copy', '-q', '--dest-tls-verify=false', `oci-archive:${bringBase()}`, `docker://${base}`]);
    const main = layOutPackage(join(work, 'package'));
    const build = async (name: string, bytecode: boolean): Promise<string> => {
      const file = join(work, `${name}.yml`);
      const definition = { image: base, python: { version: '3.11' }, bytecode, requirements: pinsOf(wheels) };
      writeFileSync(file, JSON.stringify(definition));
      const tag = `${registry.host}/${name}`;
      const words = [main, 'env', 'build', file, '--workspace', join(work, 'workspace'), '--push', tag];
      const own = { PIP_INDEX_URL: index.url, TERROIR_CATALOG: 'none', TERROIR_UV: findUv() };
      const { seconds } = await measure(
        process.execPath,
        words,
        { ...env, ...own, TERROIR_HOME: join(work, 'home') },
        work,
      );
      execFileSync(docker, ['pull', '-q', `${tag}:1`], { env, stdio: 'ignore' });
      const size = execFileSync(docker, ['image', 'inspect', '-f', '{{.Size}}', `${tag}:1`], { env, encoding: 'utf8' });
      console.log(`${name}: built in ${seconds.toFixed(2)} s, ${(Number(size) / 1e6).toFixed(0)} MB unpacked`);
      return `${tag}:1`;
    };
    const images = { without: await build('without', false), with: await build('with', true) };
    const times: Record<string, number[]> = { with: [], without: [] };
    for (let round = 0; round < repeats; round += 1)
      for (const [name, image] of Object.entries(images)) {
        const words = ['run', '--rm', '--network', 'host', image, 'python3', '-c', program];
        times[name]?.push((await measure(docker, words, env, work)).seconds);
      }
    const [slow, fast] = [median(times.without ?? []), median(times.with ?? [])];
    console.log(
      `start of \`${program}\`: without ${slow.toFixed(2)} s, with ${fast.toFixed(2)} s (${(slow / fast).toFixed(2)})`,
    );
  } finally {
    index.close();
    registry.stop();
    await daemon?.stop();
    rmSync(work, { recursive: true, force: true });
  }
}
