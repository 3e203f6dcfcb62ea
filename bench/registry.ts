/** Pushes and pulls of one gigabyte, with one client and with eight, side by side with docker-registry: processes on loopback, alternating, medians. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineShape, median } from './measure.ts';

const gigabyte = 1_000_000_000;
const serveChild = join(import.meta.dirname, '..', 'test', 'kit', 'registry', 'serve-child.ts');

interface Peer {
  name: string;
  url: string;
  root: string;
  child: ChildProcess;
  times: Record<string, number[]>;
}

interface Blob {
  file: string;
  digest: string;
}

export async function benchRegistry({ repeats }: { repeats: number }): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'terroir-bench-registry-'));
  try {
    const peers = [await startOurs(join(work, 'ours')), await startDockerRegistry(join(work, 'theirs'))];
    const version = execFileSync('docker-registry', ['--version'], { encoding: 'utf8' }).trim();
    console.log(`machine: ${machineShape()}; peer: ${version}`);
    try {
      for (const clients of [1, 8]) {
        const blobs = Array.from({ length: clients }, (_, index) => join(work, `blob-${clients}-${index}`));
        for (const file of blobs) fill(file, gigabyte / clients);
        for (let round = 0; round < repeats; round += 1) {
          const order = round % 2 === 0 ? peers : [...peers].reverse();
          for (const peer of order) await measureRound(peer, blobs);
        }
        report(clients, peers);
        for (const file of blobs) rmSync(file);
      }
      for (const { name, child } of peers) console.log(`${name}: ${peakMemory(child)} MB at the peak`);
    } finally {
      for (const { child } of peers) child.kill('SIGKILL');
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Pushes all at once, each to a repository of its own, pulls them, pulls the first with as many clients, and clears the way for the next round. */
async function measureRound(peer: Peer, files: readonly string[]): Promise<void> {
  const blobs = files.map((file): Blob => ({ file, digest: renew(file) }));
  const record = async (what: string, work: (blob: Blob, index: number) => Promise<void>): Promise<void> => {
    execFileSync('sync');
    const startedAt = performance.now();
    await Promise.all(blobs.map(work));
    (peer.times[what] ??= []).push((performance.now() - startedAt) / 1000);
  };
  await record('push', async (blob, index) => await push(`${peer.url}/v2/bench/${index}`, blob));
  await record('pull', async ({ digest }, index) => await pull(`${peer.url}/v2/bench/${index}/blobs/${digest}`));
  const [first] = blobs;
  if (first !== undefined && blobs.length > 1) {
    await record('pull of one', async () => await pull(`${peer.url}/v2/bench/0/blobs/${first.digest}`));
  }
  for (const folder of ['blobs', 'repositories', 'docker']) {
    rmSync(join(peer.root, folder), { recursive: true, force: true });
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
    console.log(
      `${what}, ${clients} ${clients === 1 ? 'client' : 'clients'}: ${ours.name} ${mine.toFixed(2)} s, ${theirs.name} ${other.toFixed(2)} s, ratio ${(mine / other).toFixed(2)}`,
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
function renew(file: string): string {
  const handle = openSync(file, 'r+');
  writeSync(handle, randomBytes(16), 0, 16, 64);
  closeSync(handle);
  return `sha256:${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
}

async function startOurs(root: string): Promise<Peer> {
  mkdirSync(root);
  const child = spawn(process.execPath, [serveChild, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve) => {
    child.stdout.once('data', (line: Buffer) => resolve(line.toString('utf8').trim()));
  });
  return { name: 'terroir', url, root, child, times: {} };
}

async function startDockerRegistry(root: string): Promise<Peer> {
  mkdirSync(root);
  const port = await freePort();
  const config = join(root, 'config.yml');
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: ${root}}}\nhttp: {addr: '127.0.0.1:${port}'}\n`,
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (
      await fetch(`${url}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { name: 'docker-registry', url, root, child, times: {} };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function peakMemory({ pid }: ChildProcess): number {
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(peak ?? 0) / 1000);
}
