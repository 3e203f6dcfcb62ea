import { execFileSync } from 'node:child_process';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

/** A simple index over a folder of wheels, with hashes and metadata as real ones have them, on a free loopback port; files are streamed from disk. */
export async function serveWheels(folder: string): Promise<{ url: string; close(): void }> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.whl'));
  const hashes = new Map(files.map((name) => [name, hashOf(join(folder, name))]));
  const metadata = new Map(files.map((name) => [name, metadataOf(join(folder, name))]));
  const projectOf = (name: string): string => (name.split('-')[0] ?? '').toLowerCase().replaceAll(/[-_.]+/g, '-');
  const server: Server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '');
    const file = /^\/files\/([^/]+)$/.exec(path)?.[1];
    if (file !== undefined && files.includes(file)) {
      const { size } = statSync(join(folder, file));
      const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
      const start = Number(range?.[1] ?? 0);
      const end = range?.[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
      const headers = {
        'content-length': end - start + 1,
        'accept-ranges': 'bytes',
        'cache-control': 'max-age=600',
        'content-type': 'application/octet-stream',
      };
      response.writeHead(
        range === null ? 200 : 206,
        range === null ? headers : { ...headers, 'content-range': `bytes ${start}-${end}/${size}` },
      );
      if (request.method === 'HEAD') response.end();
      else createReadStream(join(folder, file), { start, end, highWaterMark: 1 << 20 }).pipe(response);
      return;
    }
    const described = /^\/files\/([^/]+)\.metadata$/.exec(path)?.[1];
    if (described !== undefined && files.includes(described)) {
      response.writeHead(200, { 'cache-control': 'max-age=600', 'content-type': 'application/octet-stream' });
      response.end(metadata.get(described));
      return;
    }
    const project = /^\/simple\/([^/]+)\/?$/.exec(path)?.[1];
    const links = files
      .filter((name) => projectOf(name) === project)
      .map((name) => `<a href="/files/${name}#sha256=${hashes.get(name)}" data-core-metadata="true">${name}</a>`);
    response.writeHead(links.length === 0 ? 404 : 200, { 'content-type': 'text/html', 'cache-control': 'max-age=600' });
    response.end(`<!doctype html><body>${links.join('\n')}</body>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/simple`, close: () => server.close() };
}

function hashOf(file: string): string {
  return execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64);
}

function metadataOf(wheel: string): Buffer {
  const program =
    'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); sys.stdout.buffer.write(z.read(next(n for n in z.namelist() if n.endswith(".dist-info/METADATA"))))';
  return execFileSync('python3', ['-c', program, wheel], { maxBuffer: 1 << 26 });
}
