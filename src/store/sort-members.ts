import type { WheelIndex } from './unpacked-wheel.ts';
import type { ZipMember } from './zip/zip-member.ts';

/** A `#!python` script of a wheel: what follows its first line, as latin-1. */
export interface PythonScript {
  path: string;
  body: string;
}

/** The metadata files that are looked at while unpacking. */
export const metadataFile = /^[^/]+\.dist-info\/(?:WHEEL|METADATA|entry_points\.txt)$/;
/** Scripts are executable whatever the zip says, and those for Python get another first line. */
const scriptFile = /^[^/]+\.data\/scripts\//;

export function isExecutable({ name, executable }: ZipMember): boolean {
  return executable || scriptFile.test(name);
}

/** The script that a member is, if it is one that begins with `#!python` or `#!pythonw`. */
export function pythonScript(path: string, content: Buffer): PythonScript | undefined {
  if (!scriptFile.test(path)) return undefined;
  const first = /^#!pythonw?(?:[ \t][^\r\n]*)?(\r?\n|$)/.exec(content.subarray(0, 200).toString('latin1'));
  return first === null ? undefined : { path, body: content.subarray(first[0].length).toString('latin1') };
}

/** Which files of a wheel go to site-packages as they are, and which go elsewhere; the rest an installer writes itself. Both sorted by path. */
export function sortMembers(
  members: readonly ZipMember[],
  { distInfo, data }: Pick<WheelIndex, 'distInfo' | 'data'>,
): { tree: ZipMember[]; spread: ZipMember[] } {
  const writtenByInstaller = new Set(
    ['RECORD', 'RECORD.jws', 'RECORD.p7s', 'INSTALLER', 'REQUESTED', 'direct_url.json'].map(
      (name) => `${distInfo}/${name}`,
    ),
  );
  const tree: ZipMember[] = [];
  const spread: ZipMember[] = [];
  for (const member of members) {
    if (member.isFolder || writtenByInstaller.has(member.name)) continue;
    if (member.name.startsWith(`${data}/`)) spread.push(member);
    else tree.push(member);
  }
  const byName = (a: ZipMember, b: ZipMember): number => (a.name < b.name ? -1 : 1);
  return { tree: tree.sort(byName), spread: spread.sort(byName) };
}
