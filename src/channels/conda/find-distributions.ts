import { join } from 'node:path';
import * as z from 'zod';
import {
  createTemporaryFolder,
  type Http,
  inParallel,
  readTextIfExists,
  removeTree,
  writeAtomically,
} from '../../io/index.ts';
import { type Emit, step } from '../../report/index.ts';
import { canonicalVersion, condaName, normaliseName } from '../../requirements/index.ts';
import type { Distribution, SolvedPackage } from '../../resolve/index.ts';
import { fetchInfoPart, type Ranges } from './archive-info.ts';
import { type ArchiveFiles, type ArchiveQuestion, type Archives, badArchive } from './archives.ts';
import { fetchArchive, fromSources } from './fetch-archive.ts';
import type { KnownChannels } from './known-channels.ts';

interface Tools {
  http: Http;
  storeRoot: string;
  emit: Emit;
  signal?: AbortSignal;
  known: KnownChannels;
  archives: Archives;
}

const Note = z.array(z.object({ name: z.string(), version: z.string() }));
const Paths = z.object({ paths: z.array(z.object({ _path: z.string() })) });

const parallel = 12;
const wanted = ['info/paths.json', 'info/files'];

/**
 * The Python distributions that packages bring, from the list of their files: what pip would find installed. Only what has to do with Python is
 * looked at; of an archive that is not in the store, only its `info` part is fetched, where the server lets one.
 */
export async function findDistributions(
  packages: readonly SolvedPackage[],
  tools: Tools,
): Promise<Map<string, Distribution[]>> {
  const found = new Map<string, Distribution[]>();
  const unknown: SolvedPackage[] = [];
  for (const pkg of packages.filter(isAboutPython)) {
    const known = await readNote(notePath(tools, pkg));
    if (known === undefined) unknown.push(pkg);
    else found.set(pkg.sha256, known);
  }
  if (unknown.length === 0) return found;
  await step(
    tools.emit,
    `Looking into ${unknown.length} conda packages for what pip will find`,
    async (current) => {
      let done = 0;
      await inParallel(unknown, parallel, async (pkg) => {
        const distributions = distributionsIn(await listPaths(pkg, tools));
        await writeAtomically(notePath(tools, pkg), JSON.stringify(distributions));
        found.set(pkg.sha256, distributions);
        done += 1;
        current.progress(done);
      });
    },
    { unit: 'items', total: unknown.length },
  );
  return found;
}

function isAboutPython({ noarch, depends, name }: SolvedPackage): boolean {
  return noarch === 'python' || name === 'python' || depends.some((spec) => /^python(?:_abi)?$/.test(condaName(spec)));
}

/** The name and version stand in the folder's or file's name: `numpy-1.26.4.dist-info`, `six-1.16.0-py3.11.egg-info`. */
export function distributionsIn(paths: readonly string[]): Distribution[] {
  const found = new Map<string, Distribution>();
  for (const path of paths) {
    const match =
      /(?:^|\/)site-packages\/([A-Za-z0-9][A-Za-z0-9._]*)-([^/-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info(?:\/|$)/.exec(path);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const name = normaliseName(match[1]);
    if (!found.has(name)) found.set(name, { name, version: canonicalVersion(match[2]) });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function listPaths(pkg: SolvedPackage, tools: Tools): Promise<string[]> {
  return await ask(pkg, wanted, tools, (files) => {
    const paths = files.get('info/paths.json');
    if (paths !== undefined) return Paths.parse(JSON.parse(paths.toString('utf8'))).paths.map(({ _path }) => _path);
    const list = files.get('info/files');
    if (list !== undefined) return list.toString('utf8').split('\n');
    throw new Error('it has no list of files');
  });
}

/** What `read` makes of the files. @throws AppError that names package and channel where they cannot be read. */
async function ask<T>(
  pkg: SolvedPackage,
  wanted: readonly string[],
  tools: Tools,
  read: (files: ArchiveFiles) => T,
): Promise<T> {
  try {
    return read(await findFiles(pkg, { filename: pkg.filename, wanted, signal: tools.signal }, tools));
  } catch (error) {
    throw badArchive(pkg, error);
  }
}

async function findFiles(pkg: SolvedPackage, question: ArchiveQuestion, tools: Tools): Promise<ArchiveFiles> {
  const { archives } = tools;
  if ((await archives.sizeOf(pkg.sha256)) !== undefined) return await archives.readKept(pkg.sha256, question);
  const isInfo = question.wanted.every((path) => path.startsWith('info/'));
  if (isInfo && pkg.filename.endsWith('.conda') && /^https?:/.test(pkg.url)) {
    const part = await fromSources(pkg.url, tools.known.all(), async (address) => {
      const ranges = await openRanges(address, pkg.size, tools);
      return ranges === undefined ? undefined : await fetchInfoPart(ranges);
    });
    if (part !== undefined) return await archives.readInfo(part, question);
  }
  return await withArchive(pkg, tools, async (file) => await archives.read(file, question));
}

/** Fetches the archive, looks, and keeps it if it can be read. */
async function withArchive<T>(pkg: SolvedPackage, tools: Tools, look: (file: string) => Promise<T>): Promise<T> {
  const folder = await createTemporaryFolder(join(tools.storeRoot, 'tmp'), 'look-');
  try {
    const file = join(folder, pkg.filename);
    await fetchArchive(pkg, file, { ...tools, channels: tools.known.all() });
    const seen = await look(file);
    await tools.archives.keep(file);
    return seen;
  } finally {
    await removeTree(folder);
  }
}

/**
 * The metadata of a distribution that a package brings, from its archive, which is fetched for it and kept. Undefined where it has none in the form
 * of PyPA's specification.
 */
export async function readDistributionMetadata(
  pkg: SolvedPackage,
  distribution: Distribution,
  tools: Tools,
): Promise<string | undefined> {
  const path = (await listPaths(pkg, tools)).find((each) => {
    const [found] = each.endsWith('.dist-info/METADATA') ? distributionsIn([each]) : [];
    return found?.name === distribution.name;
  });
  if (path === undefined) return undefined;
  return await ask(pkg, [path], tools, (files) => files.get(path)?.toString('utf8'));
}

/** How much of an archive's end is asked for first: mostly the whole `info` part, which stands last. */
const endSize = 96 * 1024;

/** Undefined if the server sends only whole files. */
async function openRanges(address: string, size: number, { http, signal }: Tools): Promise<Ranges | undefined> {
  const read = async (start: number, end: number): Promise<Buffer | undefined> => {
    const headers = { range: `bytes=${start}-${end - 1}`, 'accept-encoding': 'identity' };
    const response = await http.get(address, { headers, signal });
    if (response.status !== 206) {
      // A server that ignores the range sends everything: not more than the first piece is taken.
      for await (const _piece of response.stream()) break;
      return undefined;
    }
    const bytes = await response.bytes();
    if (bytes.length !== end - start) throw new Error('the server sends another part than the one asked for');
    return bytes;
  };
  const from = Math.max(0, size - endSize);
  const last = await read(from, size);
  if (last === undefined) return undefined;
  return {
    size,
    read: async (start, end) => {
      if (start >= from) return last.subarray(start - from, end - from);
      const bytes = await read(start, end);
      if (bytes === undefined) throw new Error('the server sends parts no more');
      return bytes;
    },
  };
}

function notePath({ storeRoot }: Tools, { sha256 }: SolvedPackage): string {
  return join(storeRoot, 'distributions', `${sha256}.json`);
}

async function readNote(path: string): Promise<Distribution[] | undefined> {
  const text = await readTextIfExists(path);
  try {
    return text === undefined ? undefined : Note.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
