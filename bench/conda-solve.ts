import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { machineShape, measure, median } from './measure.ts';

const root = join(import.meta.dirname, '..');
const names = 25_000;
const versions = 28;
/** So many names hang together: what one of them can lead to. */
const cluster = 300;
export const solverSpecs = ['python=3.11', 'package-00299', 'package-00240>=5'];

/**
 * Locks a definition against a channel of 700,000 records that has no shards, in both forms in which such a channel is served; then again, against
 * the unchanged channel. The figures are those of the whole command: Node's start, reading, solving, writing.
 */
export async function benchCondaSolve({ repeats }: { repeats: number }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'terroir-solve-'));
  try {
    const plain = join(folder, 'repodata.json');
    await pipeline(Readable.from(repodata()), createWriteStream(plain));
    await pipeline(createReadStream(plain), createZstdCompress(), createWriteStream(`${plain}.zst`));
    console.log(`\nA conda channel of ${(names * versions).toLocaleString('en')} records; ${machineShape()}`);
    console.log(`repodata.json ${megabytes(statSync(plain).size)}, .zst ${megabytes(statSync(`${plain}.zst`).size)}`);
    for (const form of ['repodata.json', 'repodata.json.zst']) await benchForm(form, folder, repeats);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchForm(form: string, folder: string, repeats: number): Promise<void> {
  const server = await serve(form, join(folder, form));
  const { port } = server.address() as { port: number };
  const first: number[] = [];
  const again: number[] = [];
  let memory = 0;
  for (let round = 0; round < repeats; round += 1) {
    const place = join(folder, `round-${round}`);
    mkdirSync(join(place, '.terroir'), { recursive: true });
    const text = `channels: [http://127.0.0.1:${port}]\ndependencies: [${solverSpecs.map((spec) => JSON.stringify(spec)).join(', ')}]\n`;
    writeFileSync(join(place, 'environment.yml'), text);
    const env = { PATH: process.env.PATH ?? '', HOME: place, TERROIR_HOME: join(place, 'home') };
    const lock = [join(root, 'dist', 'main.js'), 'env', 'lock', 'environment.yml'];
    const one = await measure(process.execPath, lock, env, place);
    const two = await measure(process.execPath, [...lock, '--relock', '--dry-run'], env, place);
    first.push(one.seconds);
    again.push(two.seconds);
    memory = Math.max(memory, one.memory ?? 0, two.memory ?? 0);
    rmSync(place, { recursive: true, force: true });
  }
  server.closeAllConnections();
  server.close();
  console.log(
    `${form.padEnd(18)} first ${median(first).toFixed(2)} s, unchanged ${median(again).toFixed(2)} s, peak ${megabytes(memory)}`,
  );
}

async function serve(form: string, path: string): Promise<Server> {
  const etag = `"${createHash('sha256').update(path).digest('hex').slice(0, 16)}"`;
  const server = createServer((request, response) => {
    const isNoarch = request.url === '/noarch/repodata.json' && form === 'repodata.json';
    if (!isNoarch && (request.url !== `/linux-64/${form}` || !existsSync(path))) response.writeHead(404).end();
    else if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
    else if (isNoarch) response.writeHead(200, { etag }).end('{"packages":{},"packages.conda":{}}');
    else {
      response.writeHead(200, { etag, 'content-length': statSync(path).size });
      createReadStream(path).pipe(response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** As text, piece by piece: nobody should need the memory for all of it. */
export function* repodata(count = names): Generator<string> {
  yield '{"info":{"subdir":"linux-64"},"packages":{},"packages.conda":{';
  const entries = [...python()];
  for (const [index, entry] of entries.entries()) yield (index === 0 ? '' : ',') + entry;
  for (let name = 0; name < count; name += 1) {
    let text = '';
    for (let version = 0; version < versions; version += 1) text += `,${record(name, version)}`;
    yield text;
  }
  yield '},"removed":[],"repodata_version":1}';
}

function* python(): Generator<string> {
  for (let minor = 8; minor <= 13; minor += 1)
    for (let patch = 0; patch < 12; patch += 1) yield entry('python', `3.${minor}.${patch}`, 'h0_0_cpython', []);
}

function record(name: number, version: number): string {
  const minor = 8 + (version % 6);
  const release = Math.floor(version / 6) + 4;
  const depends = [`python >=3.${minor},<3.${minor + 1}.0a0`];
  const start = name - (name % cluster);
  for (const step of [1, 3, 17, 120])
    if (name - step >= start) depends.push(`${nameOf(name - step)} >=${Math.max(1, release - 3)}.0,<100.0a0`);
  return entry(nameOf(name), `${release}.${version}`, `py3${minor}h${name.toString(16)}_0`, depends);
}

function nameOf(name: number): string {
  return `package-${String(name).padStart(5, '0')}`;
}

function entry(name: string, version: string, build: string, depends: readonly string[]): string {
  const filename = `${name}-${version}-${build}.conda`;
  const sha256 = createHash('sha256').update(filename).digest('hex');
  return `${JSON.stringify(filename)}:${JSON.stringify({
    build,
    build_number: 0,
    depends,
    license: 'BSD-3-Clause',
    md5: sha256.slice(0, 32),
    name,
    sha256,
    size: 100_000,
    subdir: 'linux-64',
    timestamp: 1_700_000_000_000,
    version,
  })}`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}
