import { join } from 'node:path';
import { readSealedIndex, writeSealedIndex } from '../sealed-index.ts';
import type { CondaFile, UnpackedConda } from '../unpacked-conda.ts';
import { fileLines, readFileLines } from './file-lines.ts';

/** Name of the layout of an unpacked conda package: what has another one is unpacked anew, but for `earlier`, which differs in its lines alone. */
const format = 'conda-3';
/** Each line is JSON. */
const earlier = 'conda-2';

type CondaIndex = Omit<UnpackedConda, 'folder' | 'infoFolder'>;

/** Writes `index` into a package's folder: the facts on the first line, then a line for each file. */
export function writeCondaIndex(folder: string, { files, ...index }: CondaIndex): void {
  writeSealedIndex(folder, { format, ...index }, fileLines(files));
}

/** What is written down in a package's folder; undefined if nothing is, or if it is damaged. It counts as used now. */
export function readCondaIndex(folder: string): UnpackedConda | undefined {
  const sealed = readSealedIndex(folder);
  if (sealed === undefined) return undefined;
  const { format: found, ...index } = sealed.head as CondaIndex & { format: string };
  if (found !== format && found !== earlier) return undefined;
  const files = found === format ? readFileLines(sealed.body) : readJsonLines(sealed.body);
  return { ...index, files, folder: join(folder, 'files'), infoFolder: join(folder, 'files', 'info') };
}

function readJsonLines(text: string): CondaFile[] {
  return JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as CondaFile[];
}
