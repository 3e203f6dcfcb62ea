import type { CondaFile, UnpackedConda } from '../store/index.ts';
import type { Layout } from './layout.ts';

/** A folder of a conda package, and the one that its files go to. Both end with `/` unless they are ''. */
interface Move {
  from: string;
  to: string;
}

/** Where the files of a package go: as they stand in it, but for those of noarch Python packages. The last move is for all that no other is for. */
export function movesOf({ noarch }: Pick<UnpackedConda, 'noarch'>, { sitePackages }: Layout): Move[] {
  const others = { from: '', to: '' };
  if (noarch !== 'python') return [others];
  return [{ from: 'site-packages/', to: `${sitePackages}/` }, { from: 'python-scripts/', to: 'bin/' }, others];
}

export function moveOf(path: string, moves: readonly Move[]): Move {
  for (const move of moves) if (path.startsWith(move.from)) return move;
  throw new Error(`nothing says where ${path} goes`);
}

/** Relative to the prefix. */
export function placeOf(path: string, moves: readonly Move[]): string {
  const { from, to } = moveOf(path, moves);
  return to + path.slice(from.length);
}

/** A file that goes into the prefix as it is in the store, and may share its bytes. */
export function isPlain({ type, placeholder, noLink }: CondaFile): boolean {
  return type === 'file' && placeholder === undefined && noLink !== true;
}
