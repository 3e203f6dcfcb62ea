import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A distribution as pip's kind lays it out in a folder: what its `.dist-info` says of it. */
export interface Distribution {
  name: string;
  version: string;
  isPure: boolean;
  /** "numpy-2.3.5.dist-info" */
  distInfo: string;
  /** PEP 508, without those of extras. */
  requires: string[];
  requiresPython: string | undefined;
  /** "f2py = numpy.f2py.f2py2e:main" */
  consoleScripts: string[];
  /** In the folder, with `/`. */
  files: { path: string; content: Buffer; executable: boolean }[];
}

/** Everything that was installed into a folder. */
export async function readDistributions(folder: string): Promise<Distribution[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.dist-info')).sort();
  return await Promise.all(names.map(async (name) => await readDistribution(folder, name)));
}

async function readDistribution(folder: string, distInfo: string): Promise<Distribution> {
  const text = async (name: string): Promise<string> =>
    await readFile(join(folder, distInfo, name), 'utf8').catch(() => '');
  const header = (await text('METADATA')).split(/\r?\n\r?\n/)[0] ?? '';
  const all = (key: string): string[] =>
    [...header.matchAll(new RegExp(`^${key}:[ \\t]*(.+?)\\r?$`, 'gm'))].map(([, value = '']) => value);
  const listed = (await text('RECORD')).split(/\r?\n/).filter((line) => line !== '');
  const paths = listed.map((line) => (line.startsWith('"') ? (line.split('"')[1] ?? '') : (line.split(',')[0] ?? '')));
  const entryPoints = /\[console_scripts\]\n([^[]*)/.exec((await text('entry_points.txt')).replaceAll('\r', ''))?.[1];
  return {
    name: (all('Name')[0] ?? '').toLowerCase().replaceAll(/[-_.]+/g, '-'),
    version: all('Version')[0] ?? '',
    isPure: /^Root-Is-Purelib:\s*true/im.test(await text('WHEEL')),
    distInfo,
    requires: all('Requires-Dist').filter((line) => !/\bextra\b/.test(line.split(';')[1] ?? '')),
    requiresPython: all('Requires-Python')[0],
    consoleScripts: (entryPoints ?? '').split('\n').filter((line) => line.includes('=')),
    files: await Promise.all(
      paths
        .map((path) => path.replace(/^(?:\.\.\/)+bin\//, 'bin/'))
        .filter((path) => !path.startsWith('..'))
        .map(async (path) => {
          const from = join(folder, path);
          return { path, content: await readFile(from), executable: ((await stat(from)).mode & 0o100) !== 0 };
        }),
    ),
  };
}
