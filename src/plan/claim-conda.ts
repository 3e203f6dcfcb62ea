import { posix } from 'node:path';
import { AppError } from '../errors/index.ts';
import { type CondaPackage, sha256 } from '../schema/index.ts';
import { type CondaFile, treeText, type UnpackedConda } from '../store/index.ts';
import type { Claims } from './claims.ts';
import { isPlain, moveOf, movesOf, placeOf } from './conda-place.ts';
import { generated } from './generated-entry.ts';
import type { PlanEntry, PlanRewrite } from './install-plan.ts';
import type { Layout } from './layout.ts';
import { refuseOwnRecords } from './own-records.ts';
import { entryPointScript } from './scripts.ts';

export interface CondaPlace {
  pkg: CondaPackage;
  unpacked: UnpackedConda;
  /** What the package is called as an owner. */
  owner: string;
  layout: Layout;
  /** Absolute. */
  prefix: string;
  /** What entry points are run with. Absolute. */
  interpreter: string;
}

/**
 * Claims what conda would link of a package, and its entry points.
 * @throws AppError PREFIX_TOO_LONG, HOSTILE_ARCHIVE.
 */
export function claimConda(claims: Claims<PlanEntry | PlanRewrite>, place: CondaPlace): void {
  const { unpacked, owner, layout, interpreter } = place;
  claimTrees(claims, place);
  const moves = movesOf(unpacked, layout);
  for (const file of unpacked.files) {
    refuseOwnRecords(file.path, unpacked.filename, layout);
    if (isPlain(file)) continue;
    const path = placeOf(file.path, moves);
    if (file.type === 'link') claims.claim(linkEntry(path, file, place));
    else if (file.type === 'file' && file.placeholder !== undefined) claims.claim(rewriteOf(path, file, place));
    else if (file.type === 'file') claims.claim(copyEntry(path, file, place));
  }
  if (unpacked.noarch !== 'python') return;
  for (const point of unpacked.entryPoints) {
    refuseOddName(point.name, unpacked.filename);
    claims.claim(generated(`bin/${point.name}`, entryPointScript(interpreter, point), owner, true));
  }
}

/** Also without any file, so that the plan names every archive. */
function claimTrees(claims: Claims<PlanEntry | PlanRewrite>, { unpacked, owner, layout }: CondaPlace): void {
  const moves = movesOf(unpacked, layout);
  const groups = Map.groupBy(unpacked.files, ({ path }) => moveOf(path, moves));
  for (const move of moves) {
    const all = groups.get(move) ?? [];
    const files = all.filter(isPlain);
    const folders = all.filter(({ type }) => type === 'directory');
    if (files.length + folders.length === 0 && move.from !== '') continue;
    const inside = ({ path }: CondaFile): string => path.slice(move.from.length);
    claims.claimTree({
      owner,
      archive: unpacked.sha256,
      from: move.from === '' ? unpacked.folder : `${unpacked.folder}/${move.from.slice(0, -1)}`,
      path: move.to.replace(/\/$/, ''),
      text: treeText(files.map(inside), folders.map(inside)),
      bytes: files.reduce((sum, { size }) => sum + size, 0),
    });
  }
}

function linkEntry(path: string, { target = '' }: CondaFile, { unpacked, owner }: CondaPlace): PlanEntry {
  if (!target.startsWith('/') && posix.join(posix.dirname(path), target).split('/', 1)[0] === '..') {
    throw new AppError(
      'HOSTILE_ARCHIVE',
      `\`${unpacked.filename}\` is refused: its link \`${path}\` leads out of the prefix`,
      {
        hint: 'Leave the package out.',
      },
    );
  }
  return { path, executable: false, content: { kind: 'link', target }, sha256: sha256(target), size: 0, owner };
}

/** A program that finds itself by where its file lies would find the store. */
function copyEntry(
  path: string,
  { path: member, executable, sha256: digest, size }: CondaFile,
  place: CondaPlace,
): PlanEntry {
  const { unpacked, owner } = place;
  const content = {
    kind: 'archive',
    sha256: unpacked.sha256,
    file: `${unpacked.folder}/${member}`,
    copy: true,
  } as const;
  return { path, executable, content, sha256: digest, size, owner };
}

function rewriteOf(path: string, file: CondaFile, { pkg, unpacked, owner, prefix }: CondaPlace): PlanRewrite {
  const { text = '', mode = 'text' } = file.placeholder ?? {};
  const limit = Buffer.byteLength(text);
  if (mode === 'binary' && Buffer.byteLength(prefix) > limit) {
    throw new AppError(
      'PREFIX_TOO_LONG',
      `\`${file.path}\` of ${pkg.name} has room for a path of ${limit} bytes, and \`${prefix}\` has ${Buffer.byteLength(prefix)}`,
      { hint: 'Set TERROIR_HOME to a folder with a shorter path.' },
    );
  }
  return {
    path,
    executable: file.executable,
    owner,
    archive: unpacked.sha256,
    file: `${unpacked.folder}/${file.path}`,
    size: file.size,
    placeholder: text,
    mode,
  };
}

function refuseOddName(name: string, filename: string): void {
  if (name !== '' && !name.includes('/') && name !== '.' && name !== '..') return;
  throw new AppError('HOSTILE_ARCHIVE', `\`${filename}\` is refused: it would make a script named \`${name}\``, {
    hint: 'Leave the package out.',
  });
}
