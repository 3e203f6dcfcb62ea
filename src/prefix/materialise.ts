import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fsErrorToAppError } from '../io/index.ts';
import type { InstallPlan, PlanEntry } from '../plan/index.ts';
import { readTree, type WheelTree } from '../store/index.ts';
import type { LinkThread } from './link-thread.ts';
import { createLinkWork, type LinkJob, type LinkUnit } from './link-units.ts';
import { chooseWay, transfer, type Way } from './transfer.ts';

/** So many files make a unit of work. */
const unitSize = 256;

export interface Materialised {
  files: number;
  /** Of all files. */
  bytes: number;
  /** Of those that only this prefix has. */
  ownBytes: number;
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
    const trees = plan.trees.map(({ wheel }) => readTree(wheel.tree));
    const units = trees.flatMap(cut);
    makeFolders(plan, folder, trees, units);
    const way = chooseWayFor(plan, folder);
    const job: LinkJob = {
      trees: plan.trees.map(({ wheel, path, without }) => ({
        text: wheel.tree,
        from: wheel.folder,
        to: `${folder}/${path}`,
        without,
      })),
      units,
      way,
      counter: new SharedArrayBuffer(4),
    };
    const helped = units.length > 2 ? thread?.help(job) : undefined;
    helped?.catch(() => undefined);
    try {
      for (const entry of plan.entries) writeEntry(entry, `${folder}/${entry.path}`, way);
      const work = createLinkWork(job);
      while (work.next()) {
        signal?.throwIfAborted();
        await setImmediate();
      }
    } finally {
      // Whoever clears up after a failure must be alone.
      Atomics.store(new Int32Array(job.counter), 0, units.length);
      await helped?.catch(() => undefined);
    }
    await helped;
    linkRecords(plan, folder, way);
    return measure(plan, trees, way);
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

/** Makes what a unit of work finds ready: the folders above its first one (all others it makes itself), and those of the entries. */
function makeFolders(plan: InstallPlan, folder: string, trees: readonly WheelTree[], units: readonly LinkUnit[]): void {
  const wanted = new Set(plan.entries.map(({ path }) => dirname(path)));
  wanted.add('.terroir/records');
  for (const { path } of plan.trees) wanted.add(path);
  for (const { tree, from } of units) {
    const first = trees[tree]?.lines[from] ?? '/';
    wanted.add(`${plan.trees[tree]?.path}/${dirname(first)}`);
  }
  for (const path of [...wanted].sort()) mkdirSync(`${folder}/${path}`, { recursive: true });
}

function chooseWayFor(plan: InstallPlan, folder: string): Way {
  const sample = plan.trees[0]?.wheel.recordFile;
  return sample === undefined ? 'copy' : chooseWay(sample, `${folder}/.terroir/probe`);
}

function writeEntry({ content, executable }: PlanEntry, target: string, way: Way): void {
  if (content.kind === 'archive') transfer(way, content.file, target);
  else if (content.kind === 'link') symlinkSync(content.target, target);
  else
    writeFileSync(target, content.kind === 'text' ? content.text : content.bytes, {
      mode: executable ? 0o555 : 0o444,
      flag: 'wx',
    });
}

/** What each wheel's files should be, so that the prefix can be verified without the store. */
function linkRecords({ trees }: InstallPlan, folder: string, way: Way): void {
  for (const { wheel } of trees) transfer(way, wheel.recordFile, `${folder}/.terroir/records/${wheel.sha256}`);
}

function measure(plan: InstallPlan, trees: readonly WheelTree[], way: Way): Materialised {
  let files = plan.entries.length;
  let shared = 0;
  let own = 0;
  for (const [index, { wheel, without }] of plan.trees.entries()) {
    files += (trees[index]?.files ?? 0) - without.size;
    shared += wheel.bytes;
  }
  for (const { content, size } of plan.entries) {
    if (content.kind === 'archive') shared += size;
    else own += size;
  }
  return { files, bytes: shared + own, ownBytes: way === 'link' ? own : shared + own };
}

function isMissing(error: unknown, { trees }: InstallPlan): boolean {
  const { code, path } = error as NodeJS.ErrnoException;
  return (
    code === 'ENOENT' &&
    path !== undefined &&
    trees.some(({ wheel }) => path.startsWith(`${wheel.folder}/`) || path === wheel.recordFile)
  );
}
