import { filesOf, readTree } from '../store/index.ts';
import type { SettledTree } from './claims.ts';

/** A file that is in the prefix otherwise than in a package. */
interface ChangedFile {
  path: string;
  /** Who has it now, if another package took it: its own bytecode fits. */
  winner?: string;
}

/** Leaves out the bytecode of sources that changed: Python would find out, and write its own over it. */
export function leaveOutStaleBytecode(trees: readonly SettledTree[], changed: readonly ChangedFile[]): void {
  const sources = changed.filter(({ path }) => path.endsWith('.py'));
  if (sources.length === 0) return;
  for (const { owner, path: place, text, without } of trees.filter(({ wheel }) => wheel === undefined)) {
    const tree = readTree(text);
    const start = place === '' ? '' : `${place}/`;
    for (const { path, winner } of sources) {
      if (!path.startsWith(start) || owner === winner) continue;
      const slash = path.lastIndexOf('/') + 1;
      const folder = `${path.slice(start.length, Math.max(start.length, slash))}__pycache__`;
      const stem = path.slice(slash, -'py'.length);
      for (const name of filesOf(tree, folder))
        if (name.startsWith(stem) && name.endsWith('.pyc')) without.add(`${folder}/${name}`);
    }
  }
}
