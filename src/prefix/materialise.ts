import { constants, copyFileSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fsErrorToAppError } from '../io/index.ts';
import type { InstallPlan, PlanEntry } from '../plan/index.ts';
import type { Store } from '../store/index.ts';

type Transfer = (from: string, to: string) => void;

/**
 * Writes a plan's entries below `folder`. Synchronous calls on purpose: for ten thousands of links they take a third of the time of the others,
 * and there is nothing else to do meanwhile.
 */
export async function materialise(
  plan: InstallPlan,
  folder: string,
  store: Store,
): Promise<{ files: number; bytes: number }> {
  const roots = await archiveRoots(plan, store);
  try {
    makeFolders(plan.entries, folder);
    let transfer: Transfer = probe;
    let bytes = 0;
    for (const entry of plan.entries) {
      const target = `${folder}/${entry.path}`;
      const { content } = entry;
      bytes += entry.size;
      if (content.kind === 'archive') {
        const source = `${roots.get(content.sha256)}/${content.member}`;
        if (transfer === probe) transfer = chooseTransfer(source, target);
        else transfer(source, target);
      } else if (content.kind === 'link') symlinkSync(content.target, target);
      else
        writeFileSync(target, content.kind === 'text' ? content.text : content.bytes, {
          mode: entry.executable ? 0o555 : 0o444,
        });
    }
    return { files: plan.entries.length, bytes };
  } catch (error) {
    throw fsErrorToAppError(error, `make the environment in \`${plan.prefix}\``);
  }
}

async function archiveRoots(plan: InstallPlan, store: Store): Promise<Map<string, string>> {
  const roots = new Map<string, string>();
  for (const { content } of plan.entries) {
    if (content.kind !== 'archive' || roots.has(content.sha256)) continue;
    const wheel = await store.findWheel(content.sha256);
    if (wheel === undefined) throw new Error(`the archive ${content.sha256} is not unpacked`);
    roots.set(content.sha256, wheel.folder);
  }
  return roots;
}

function makeFolders(entries: readonly PlanEntry[], folder: string): void {
  // Entries are sorted, so the parents of one folder mostly exist when it comes.
  let last = '';
  const made = new Set<string>();
  for (const { path } of entries) {
    const parent = dirname(path);
    if (parent === last || made.has(parent)) continue;
    mkdirSync(join(folder, parent), { recursive: true });
    made.add(parent);
    last = parent;
  }
}

const probe: Transfer = () => undefined;

/** Tries once what this pair of folders can do: clone, hard link, copy; the way that works is kept for the rest. */
function chooseTransfer(from: string, to: string): Transfer {
  const ways: readonly Transfer[] = [clone, hardLink, copy];
  for (const way of ways) {
    try {
      way(from, to);
      return way;
    } catch (error) {
      if (way === copy || !canTryAnother(error)) throw error;
    }
  }
  return copy;
}

function clone(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE);
}

function hardLink(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    // A file may have so many names and no more.
    if ((error as NodeJS.ErrnoException).code !== 'EMLINK') throw error;
    copy(from, to);
  }
}

function copy(from: string, to: string): void {
  copyFileSync(from, to);
}

function canTryAnother(error: unknown): boolean {
  return ['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EINVAL', 'EPERM', 'ENOTTY', 'EMLINK'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );
}
