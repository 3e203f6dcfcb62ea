import { hash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fsErrorToAppError } from '../io/index.ts';
import { condaRecordText, type InstallPlan, type PlanEntry } from '../plan/index.ts';
import { isFolderLine, readTree, type WheelTree } from '../store/index.ts';
import type { LinkThread } from './link-thread.ts';
import { createLinkWork, type LinkJob, type LinkUnit, type RewriteUnit } from './link-units.ts';
import type { RewriteRequest, Rewritten } from './rewrite-file.ts';
import { chooseWay, transfer, type Way } from './transfer.ts';

/** So many files make a unit of work. */
const unitSize = 256;
/** A unit of rewriting is about so many bytes; reading and writing a file is as much work as so many. */
const rewriteWeight = 2 << 20;
const fileWeight = 32 << 10;

export interface Materialised {
  files: number;
  /** Of all files. */
  bytes: number;
  /** Of those that only this prefix has. */
  ownBytes: number;
  /** SHA-256 of what the plan could not know: rewritten files and conda's records, by path. */
  digests: ReadonlyMap<string, string>;
}

/** The store has not (any more) what the plan says. */
export class MissingInStore extends Error {}

/**
 * Writes a plan's files below `folder`, which exists and is empty, with the help of a second thread where there is one.
 * @throws MissingInStore; AppError DISK_FULL and the like.
 */
export async function materialise(
  plan: InstallPlan,
  folder: string,
  thread: LinkThread | undefined,
  signal?: AbortSignal,
): Promise<Materialised> {
  try {
    const trees = plan.trees.map(({ text }) => readTree(text));
    // What takes longest comes first.
    const rewrites = [...plan.rewrites].sort((a, b) => b.size - a.size);
    const links = trees.flatMap(cut);
    makeFolders(plan, folder, trees, links);
    const way = chooseWayFor(plan, trees, folder);
    const job: LinkJob = {
      trees: plan.trees.map(({ text, from, path, without }) => ({
        text,
        from,
        to: path === '' ? folder : `${folder}/${path}`,
        without,
      })),
      rewrites: rewrites.map(
        ({ path, file, executable, placeholder, mode }): RewriteRequest => ({
          from: file,
          to: `${folder}/${path}`,
          executable,
          placeholder,
          mode,
          prefix: plan.prefix,
        }),
      ),
      units: [...cutRewrites(rewrites.map(({ size }) => size)), ...links],
      way,
      counter: new SharedArrayBuffer(4),
    };
    const helped = job.units.length > 2 ? thread?.help(job) : undefined;
    helped?.catch(() => undefined);
    const work = createLinkWork(job);
    const records: (readonly [string, Rewritten])[] = [];
    const changed = new Set(rewrites.map(({ archive }) => archive));
    try {
      for (const entry of plan.entries) writeEntry(entry, `${folder}/${entry.path}`, way);
      // The other thread links meanwhile.
      const known = plan.condaRecords.filter(({ archive }) => !changed.has(archive));
      records.push(...writeCondaRecords(known, folder, new Map()));
      while (work.next()) {
        signal?.throwIfAborted();
        await setImmediate();
      }
    } finally {
      // Whoever clears up after a failure must be alone.
      Atomics.store(new Int32Array(job.counter), 0, job.units.length);
      await helped?.catch(() => undefined);
    }
    const rewritten = [...work.rewritten, ...((await helped) ?? [])].map(
      ({ index, ...made }) => [rewrites[index]?.path ?? '', made] as const,
    );
    linkRecords(plan, folder, way);
    const open = plan.condaRecords.filter(({ archive }) => changed.has(archive));
    records.push(...writeCondaRecords(open, folder, new Map(rewritten)));
    const digests = new Map([...rewritten, ...records].map(([path, { sha256 }]) => [path, sha256]));
    const made = [...rewritten, ...records].reduce((sum, [, { size }]) => sum + size, 0);
    return { ...measure(plan, trees, { way, made }), digests };
  } catch (error) {
    if (isMissing(error, plan))
      throw new MissingInStore(`the store lacks what the plan for \`${plan.prefix}\` needs`, { cause: error });
    throw fsErrorToAppError(error, `make the environment in \`${plan.prefix}\``);
  }
}

/** Cuts a tree into pieces of some hundred files, between folders. */
function cut({ lines, folders }: WheelTree, tree: number): LinkUnit[] {
  const units: LinkUnit[] = [];
  let from = 0;
  for (const at of folders.values()) {
    if (at - from < unitSize) continue;
    units.push({ tree, from, to: at });
    from = at;
  }
  if (from < lines.length) units.push({ tree, from, to: lines.length });
  return units;
}

/** Cuts files of these sizes into pieces that take about as long. */
function cutRewrites(sizes: readonly number[]): RewriteUnit[] {
  const units: RewriteUnit[] = [];
  let unit: RewriteUnit = { from: 0, to: 0 };
  let weight = 0;
  for (const [index, size] of sizes.entries()) {
    if (weight > rewriteWeight) {
      units.push(unit);
      unit = { from: index, to: index };
      weight = 0;
    }
    unit.to = index + 1;
    weight += size + fileWeight;
  }
  return unit.to > unit.from ? [...units, unit] : units;
}

/** Makes what a unit of work finds ready: the folders above its first one (all others it makes itself), and those of the other files. */
function makeFolders(plan: InstallPlan, folder: string, trees: readonly WheelTree[], units: readonly LinkUnit[]): void {
  const { entries, rewrites, condaRecords } = plan;
  const wanted = new Set([...entries, ...rewrites, ...condaRecords].map(({ path }) => dirname(path)));
  wanted.add('.terroir/records');
  for (const { path } of plan.trees) wanted.add(path === '' ? '.' : path);
  for (const { tree, from } of units) {
    const first = trees[tree]?.lines[from] ?? '/';
    const place = plan.trees[tree]?.path ?? '';
    wanted.add(place === '' ? dirname(first) : `${place}/${dirname(first)}`);
  }
  for (const path of [...wanted].sort()) mkdirSync(`${folder}/${path}`, { recursive: true });
}

function chooseWayFor(plan: InstallPlan, trees: readonly WheelTree[], folder: string): Way {
  const at = trees.findIndex(({ files }) => files > 0);
  const tree = plan.trees[at];
  const sample = plan.trees[0]?.wheel?.recordFile ?? (tree && `${tree.from}/${firstFile(trees[at] as WheelTree)}`);
  return sample === undefined ? 'copy' : chooseWay(sample, `${folder}/.terroir/probe`);
}

function firstFile({ lines }: WheelTree): string {
  const at = lines.findIndex((line) => !isFolderLine(line));
  const folder = lines[at - 1] ?? '/';
  return `${folder === '/' ? '' : folder}${lines[at]}`;
}

function writeEntry({ content, executable }: PlanEntry, target: string, way: Way): void {
  if (content.kind === 'archive') transfer(content.copy === true ? 'copy' : way, content.file, target);
  else if (content.kind === 'link') symlinkSync(content.target, target);
  else
    writeFileSync(target, content.kind === 'text' ? content.text : content.bytes, {
      mode: executable ? 0o555 : 0o444,
      flag: 'wx',
    });
}

/** What each wheel's files should be, so that the prefix can be verified without the store. */
function linkRecords({ trees }: InstallPlan, folder: string, way: Way): void {
  for (const { wheel } of trees)
    if (wheel !== undefined) transfer(way, wheel.recordFile, `${folder}/.terroir/records/${wheel.sha256}`);
}

/** conda's own records of packages. */
function writeCondaRecords(
  condaRecords: InstallPlan['condaRecords'],
  folder: string,
  rewritten: ReadonlyMap<string, Rewritten>,
): (readonly [string, Rewritten])[] {
  const digests = new Map([...rewritten].map(([path, { sha256 }]) => [path, sha256]));
  return condaRecords.map((record) => {
    const text = Buffer.from(condaRecordText(record, digests));
    writeFileSync(`${folder}/${record.path}`, text, { mode: 0o444, flag: 'wx' });
    return [record.path, { sha256: hash('sha256', text), size: text.length }] as const;
  });
}

function measure(
  plan: InstallPlan,
  trees: readonly WheelTree[],
  { way, made }: { way: Way; made: number },
): Omit<Materialised, 'digests'> {
  let files = plan.entries.length + plan.rewrites.length + plan.condaRecords.length;
  let shared = 0;
  let own = made;
  for (const [index, { bytes, without }] of plan.trees.entries()) {
    files += (trees[index]?.files ?? 0) - without.size;
    shared += bytes;
  }
  for (const { content, size } of plan.entries) {
    if (content.kind === 'archive' && content.copy !== true) shared += size;
    else own += size;
  }
  return { files, bytes: shared + own, ownBytes: way === 'link' ? own : shared + own };
}

function isMissing(error: unknown, { trees }: InstallPlan): boolean {
  const { code, path } = error as NodeJS.ErrnoException;
  return (
    code === 'ENOENT' &&
    path !== undefined &&
    trees.some(({ from, wheel }) => path.startsWith(`${from}/`) || path === wheel?.recordFile)
  );
}
