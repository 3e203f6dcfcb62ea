/** Pushes and pulls of three gigabytes, as one layer and as eight at once, side by side with docker-registry: processes on loopback, alternating, medians. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RegistryProcess, startDockerRegistry, startOwnRegistry } from '../test/kit/registry/docker-registry.ts';
import { machineShape, median } from './measure.ts';

const layerBytes = 3_000_000_000;

interface Peer {
  name: string;
  server: RegistryProcess;
  times: Record<string, number[]>;
}

interface Blob {
  file: string;
  digest: string;
}

export async function benchRegistry({ repeats }: { repeats: number }): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'terroir-bench-registry-'));
  try {
    const peers: Peer[] = [
      { name: 'terroir', server: await startOwnRegistry(join(work, 'ours')), times: {} },
      { name: 'docker-registry', server: await startDockerRegistry({ root: join(work, 'theirs') }), times: {} },
    ];
    const version = execFileSync('docker-registry', ['--version'], { encoding: 'utf8' }).trim();
    console.log(`machine: ${machineShape()}; peer: ${version}`);
    try {
      for (const clients of [1, 8]) {
        const blobs = Array.from({ length: clients }, (_, index) => join(work, `blob-${clients}-${index}`));
        for (const file of blobs) fill(file, layerBytes / clients);
        for (let round = 0; round < repeats; round += 1) {
          const order = round % 2 === 0 ? peers : [...peers].reverse();
          for (const peer of order) await measureRound(peer, blobs);
        }
        report(clients, peers);
        for (const { name, server } of peers)
          console.log(`  ${name}: ${peakMemory(server.child)} MB at the peak so far`);
        for (const file of blobs) rmSync(file);
      }
      for (const { name, server } of peers) {
        console.log(
          `${name}: ${cpuSeconds(server.child)} s of processor time in all, ${peakMemory(server.child)} MB at the peak`,
        );
      }
    } finally {
      for (const { server } of peers) await server.stop();
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Pushes all at once, each to a repository of its own, pulls them, pulls the first with as many clients, and clears the way for the next round. */
async function measureRound(peer: Peer, files: readonly string[]): Promise<void> {
  const blobs: Blob[] = [];
  for (const file of files) blobs.push({ file, digest: await renew(file) });
  const record = async (what: string, work: (blob: Blob, index: number) => Promise<void>): Promise<void> => {
    execFileSync('sync');
    const startedAt = performance.now();
    await Promise.all(blobs.map(work));
    (peer.times[what] ??= []).push((performance.now() - startedAt) / 1000);
  };
  await record('push', async (blob, index) => await push(`${peer.server.url}/v2/bench/${index}`, blob));
  await record('pull', async ({ digest }, index) => await pull(`${peer.server.url}/v2/bench/${index}/blobs/${digest}`));
  const [first] = blobs;
  if (first !== undefined && blobs.length > 1) {
    await record('pull of one', async () => await pull(`${peer.server.url}/v2/bench/0/blobs/${first.digest}`));
  }
  for (const folder of ['blobs', 'repositories', 'docker']) {
    rmSync(join(peer.server.root, folder), { recursive: true, force: true });
  }
}

async function push(repository: string, { file, digest }: Blob): Promise<void> {
  const started = await fetch(`${repository}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(started.headers.get('location') ?? '', repository);
  location.searchParams.set('digest', digest);
  await curl('-T', file, '-H', 'Content-Type: application/octet-stream', '-H', 'Expect:', location.href);
}

async function pull(url: string): Promise<void> {
  await curl(url);
}

async function curl(...args: string[]): Promise<void> {
  const child = spawn('curl', ['-sSf', '-o', '/dev/null', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`curl ${args.join(' ')} ended with ${String(code)}`);
}

function report(clients: number, [ours, theirs]: readonly Peer[]): void {
  if (ours === undefined || theirs === undefined) return;
  for (const what of Object.keys(ours.times)) {
    const [mine, other] = [median(ours.times[what] ?? []), median(theirs.times[what] ?? [])];
    const least = Math.min(...(ours.times[what] ?? [])) / Math.min(...(theirs.times[what] ?? []));
    console.log(
      `${what}, ${clients} ${clients === 1 ? 'client' : 'clients'}: ${ours.name} ${mine.toFixed(2)} s, ${theirs.name} ${other.toFixed(2)} s, ratio ${(mine / other).toFixed(2)}, of the best runs ${least.toFixed(2)}`,
    );
  }
  ours.times = {};
  theirs.times = {};
}

function fill(file: string, size: number): void {
  const piece = randomBytes(1 << 20);
  const handle = openSync(file, 'w');
  for (let done = 0; done < size; done += piece.length) {
    piece.writeUInt32LE(done >>> 0, 0);
    writeSync(handle, piece, 0, Math.min(piece.length, size - done));
  }
  closeSync(handle);
}

/** Other content for each push: nobody may have it already. */
async function renew(file: string): Promise<string> {
  const handle = openSync(file, 'r+');
  writeSync(handle, randomBytes(16), 0, 16, 64);
  closeSync(handle);
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

function cpuSeconds({ pid }: ChildProcess): string {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / 100).toFixed(1);
}

function peakMemory({ pid }: ChildProcess): number {
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(peak ?? 0) / 1000);
}
