import { closeSync, fstatSync, openSync } from 'node:fs';
import { inflateMember, type MemberSink, type MemberWindow } from './inflate-member.ts';
import { isExecutable, metadataFile, type PythonScript, pythonScript, sortMembers } from './sort-members.ts';
import type { UnpackedWheel } from './unpacked-wheel.ts';
import { readWheelFacts } from './wheel-facts.ts';
import { writeWheelDown } from './write-wheel-down.ts';
import { readCentralDirectory } from './zip/central-directory.ts';
import { openZipFile, readExactly, type ZipFile } from './zip/zip-file.ts';
import type { ZipMember } from './zip/zip-member.ts';

/** A file of a wheel, before it is read. */
export interface WheelMember {
  path: string;
  size: number;
  compressedSize: number;
  crc32: number;
  isDeflated: boolean;
  executable: boolean;
}

/** A wheel that is read once, in any order, for whoever puts its bytes elsewhere than into files of the store. */
export interface WheelReader {
  filename: string;
  /** The files that go to site-packages as they are, sorted by path. */
  tree: readonly WheelMember[];
  /** Any file of the wheel. */
  find(path: string): WheelMember | undefined;
  /** Reads a file to its end and holds it against what the archive says of it. @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE. */
  read(path: string, sink: MemberSink): Promise<void>;
  /** Writes the wheel's `index` and `record` into a folder, when all of the tree was read. */
  writeDown(folder: string): UnpackedWheel;
  close(): void;
}

/** Opens a wheel and reads what is no part of its tree. @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE, INVALID_WHEEL. */
export async function openWheelReader({
  archive,
  filename,
  sha256,
}: {
  archive: string;
  filename: string;
  sha256: string;
}): Promise<WheelReader> {
  const fd = openSync(archive, 'r');
  try {
    const file = openZipFile(fd, fstatSync(fd).size, filename);
    const members = readCentralDirectory(file);
    const window = exactWindow(file);
    const digests = new Map<ZipMember, string>();
    const read = async (member: ZipMember, sink?: MemberSink): Promise<Buffer | undefined> => {
      const { digest, content } = await inflateMember(file, window, member, sink);
      digests.set(member, digest.toString('hex'));
      return content;
    };
    const texts = new Map<string, string>();
    for (const member of members)
      if (metadataFile.test(member.name)) texts.set(member.name, (await read(member, nowhere))?.toString('utf8') ?? '');
    const facts = readWheelFacts(texts, members, filename);
    const sorted = sortMembers(members, facts);
    const inTree = new Set(sorted.tree);
    const scripts: PythonScript[] = [];
    for (const member of members) {
      if (inTree.has(member)) continue;
      const content = await read(member, member.isFolder ? undefined : nowhere);
      const script = content === undefined ? undefined : pythonScript(member.name, content);
      if (script !== undefined) scripts.push(script);
    }
    const byPath = new Map(members.map((member) => [member.name, member]));
    return {
      filename,
      tree: sorted.tree.map(describe),
      find: (path) => {
        const member = byPath.get(path);
        return member === undefined ? undefined : describe(member);
      },
      read: async (path, sink) => {
        await read(byPath.get(path) as ZipMember, sink);
      },
      writeDown: (folder) => writeWheelDown({ folder, sha256, filename }, sorted, { facts, digests, scripts }),
      close: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

const nowhere: MemberSink = { content: () => undefined };

function describe(member: ZipMember): WheelMember {
  const { name, size, compressedSize, crc32, method } = member;
  const isDeflated = method === 'deflated' && compressedSize > 0;
  return { path: name, size, compressedSize, crc32, isDeflated, executable: isExecutable(member) };
}

/** Members are asked for in any order: exactly their bytes are read. */
function exactWindow(file: ZipFile): MemberWindow {
  let buffer = Buffer.allocUnsafe(1 << 16);
  return {
    view: (start, end) => {
      if (end - start > buffer.length) buffer = Buffer.allocUnsafe(2 * (end - start));
      return readExactly(file, start, buffer.subarray(0, end - start));
    },
  };
}
