import { recordLines } from './record-lines.ts';
import { isExecutable, type PythonScript } from './sort-members.ts';
import {
  readWheelIndex,
  type SpreadFile,
  type UnpackedWheel,
  type WheelIndex,
  writeWheelIndex,
} from './unpacked-wheel.ts';
import type { WheelFacts } from './wheel-facts.ts';
import { treeText } from './wheel-tree.ts';
import type { ZipMember } from './zip/zip-member.ts';

/** What was seen of a wheel when all its members were read. */
export interface SeenWheel {
  facts: WheelFacts;
  /** SHA-256 of the members' content; lower-case hex. */
  digests: ReadonlyMap<ZipMember, string>;
  scripts: readonly PythonScript[];
}

/** Writes `index` and `record` into `folder`. */
export function writeWheelDown(
  { folder, sha256, filename }: { folder: string } & Pick<WheelIndex, 'sha256' | 'filename'>,
  sorted: { tree: readonly ZipMember[]; spread: readonly ZipMember[] },
  { facts, digests, scripts }: SeenWheel,
): UnpackedWheel {
  const describe = (member: ZipMember): SpreadFile => ({
    path: member.name,
    size: member.size,
    sha256: digests.get(member) ?? '',
    executable: isExecutable(member),
  });
  const tree = sorted.tree.map(describe);
  writeWheelIndex(
    folder,
    {
      sha256,
      filename,
      ...facts,
      pythonScripts: scripts.filter(({ path }) => path.startsWith(`${facts.data}/`)),
      spread: sorted.spread.map(describe),
      executables: tree.filter(({ executable }) => executable).map(({ path }) => path),
      bytes: tree.reduce((sum, { size }) => sum + size, 0),
    },
    { tree: treeText(tree.map(({ path }) => path)), record: recordLines(tree) },
  );
  const wheel = readWheelIndex(folder);
  if (wheel === undefined) throw new Error(`the index of ${filename} cannot be read back`);
  return wheel;
}
