import { closeSync, fstatSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createScratch, inflateMember } from './inflate-member.ts';
import { checkMemberNames } from './member-names.ts';
import { recordLines } from './record-lines.ts';
import type { UnpackedFile, UnpackedWheel } from './unpacked-wheel.ts';
import { readWheelFacts } from './wheel-facts.ts';
import { hostile, readZipDirectory, type ZipMember } from './zip-directory.ts';

/** What a wheel may unpack to, in bytes; and how much more than its archive, above a size that honest text can reach. */
const maximumSize = 64 * 2 ** 30;
const bombRatio = 1100;
const bombSize = 100 * 2 ** 20;

/** Scripts are executable whatever the zip says, and those for Python get another first line. */
const scriptFile = /^[^/]+\.data\/scripts\//;

/** The metadata files that are kept in memory while unpacking. */
const metadataFile = /^[^/]+\.dist-info\/(?:WHEEL|METADATA|RECORD|entry_points\.txt)$/;

/**
 * Unpacks a wheel into `folder` (`files/` and `index.json`). Synchronous calls on purpose: this runs in a worker thread, and for ten thousands of
 * small files they take a third of the time.
 */
export async function unpackWheel(
  archive: string,
  folder: string,
  identity: { sha256: string; filename: string },
): Promise<UnpackedWheel> {
  const label = identity.filename;
  const source = openSync(archive, 'r');
  try {
    const archiveSize = fstatSync(source).size;
    const members = readZipDirectory(source, archiveSize, label);
    checkMemberNames(members, label);
    checkSizes(members, archiveSize, label);
    const root = join(folder, 'files');
    const files = members.filter(({ isFolder }) => !isFolder);
    makeFolders(root, files);
    const metadata = new Map<string, string>();
    const unpacked: UnpackedFile[] = [];
    const pythonScripts: UnpackedWheel['pythonScripts'] = [];
    const scratch = createScratch();
    // In the order of the archive: one pass over the disk.
    for (const member of files.toSorted((a, b) => a.dataOffset - b.dataOffset)) {
      const executable = member.executable || scriptFile.test(member.name);
      const target = openSync(join(root, member.name), 'wx', executable ? 0o555 : 0o444);
      try {
        const { sha256, content } = await inflateMember(source, member, target, label, scratch);
        unpacked.push({ path: member.name, size: member.size, sha256, executable });
        if (content !== undefined && metadataFile.test(member.name))
          metadata.set(member.name, content.toString('utf8'));
        if (content !== undefined && scriptFile.test(member.name)) {
          const body = bodyOfPythonScript(content);
          if (body !== undefined) pythonScripts.push({ path: member.name, body });
        }
      } finally {
        closeSync(target);
      }
    }
    unpacked.sort((a, b) => (a.path < b.path ? -1 : 1));
    const facts = readWheelFacts(metadata, unpacked, label);
    const record = recordLines(
      unpacked.filter(({ path }) => !path.startsWith(`${facts.data}/`) && path !== `${facts.distInfo}/RECORD`),
    );
    const wheel: UnpackedWheel = {
      format: 1,
      ...identity,
      ...facts,
      files: unpacked,
      record,
      pythonScripts,
      folder: '',
    };
    writeFileSync(join(folder, 'index.json'), JSON.stringify(wheel), { mode: 0o444 });
    return wheel;
  } finally {
    closeSync(source);
  }
}

/** What follows `#!python` or `#!pythonw`; undefined for other scripts. */
function bodyOfPythonScript(content: Buffer): string | undefined {
  const first = /^#!pythonw?(?:[ \t][^\r\n]*)?(\r?\n|$)/.exec(content.subarray(0, 200).toString('latin1'));
  return first === null ? undefined : content.subarray(first[0].length).toString('latin1');
}

function checkSizes(members: readonly ZipMember[], archiveSize: number, label: string): void {
  let total = 0;
  for (const { name, size, compressedSize } of members) {
    total += size;
    if (size > bombSize && size > compressedSize * bombRatio)
      throw hostile(label, `\`${name}\` would unpack to ${size} bytes from ${compressedSize}`);
  }
  if (total > maximumSize || (total > bombSize && total > archiveSize * bombRatio)) {
    throw hostile(label, `it would unpack to ${total} bytes from ${archiveSize}`);
  }
}

function makeFolders(root: string, files: readonly ZipMember[]): void {
  const folders = new Set(files.map(({ name }) => dirname(name)));
  mkdirSync(root, { recursive: true });
  for (const folder of [...folders].sort()) mkdirSync(join(root, folder), { recursive: true });
}
