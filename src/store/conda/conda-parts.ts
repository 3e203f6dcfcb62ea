import { closeSync, fstatSync, openSync, unlinkSync } from 'node:fs';
import * as z from 'zod';
import { hostile, showName } from '../archive-error.ts';
import { createWindow, fileSink, inflateMember, locateMember } from '../inflate-member.ts';
import { readCentralDirectory } from '../zip/central-directory.ts';
import { openZipFile, type ZipFile } from '../zip/zip-file.ts';
import type { ZipMember } from '../zip/zip-member.ts';
import { type CompressedPart, partOfFile } from './compressed-part.ts';
import { invalidPackage } from './invalid-package.ts';

/** The two tars of a `.conda` file. */
export interface CondaParts {
  info: CompressedPart;
  pkg: CompressedPart;
  close(): void;
}

const Metadata = z.looseObject({ conda_pkg_format_version: z.literal(2) });
const maximumMetadata = 1 << 20;

/**
 * Finds the parts of a `.conda` file: `metadata.json`, `info-NAME.tar.zst` and `pkg-NAME.tar.zst`, side by side. Honest tools store them; where
 * one is deflated, it is inflated into `folder` first.
 * @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE, INVALID_PACKAGE.
 */
export async function openCondaParts(fd: number, label: string, folder: string): Promise<CondaParts> {
  const file = openZipFile(fd, fstatSync(fd).size, label);
  const members = readCentralDirectory(file).filter(({ isFolder }) => !isFolder);
  const find = (name: string, pattern: RegExp): ZipMember => {
    const [found, ...others] = members.filter((member) => pattern.test(baseName(member)));
    if (found === undefined) throw invalidPackage(label, `it has no \`${name}\``);
    if (others.length > 0) throw hostile(label, `it has more than one \`${name}\``);
    return found;
  };
  const metadata = find('metadata.json', /^metadata\.json$/);
  const info = find('info-*.tar.zst', /^info-.*\.tar\.zst$/);
  const pkg = find('pkg-*.tar.zst', /^pkg-.*\.tar\.zst$/);
  if (baseName(info).slice('info-'.length) !== baseName(pkg).slice('pkg-'.length))
    throw hostile(label, `${showName(info.name)} and ${showName(pkg.name)} are of two packages`);
  await checkMetadata(file, metadata);
  const opened: number[] = [];
  const open = async (member: ZipMember, inflated: string): Promise<CompressedPart> => {
    const part = { label, name: baseName(member), size: member.size };
    if (member.method === 'stored')
      return partOfFile(fd, locateMember(file, member), { ...part, checksum: member.crc32 });
    const path = `${folder}/inflated-${inflated}`;
    const own = openSync(path, 'wx+', 0o600);
    opened.push(own);
    // It lives as long as it is open.
    unlinkSync(path);
    await inflateMember(file, createWindow(file), member, fileSink(own));
    return partOfFile(own, 0, part);
  };
  const close = (): void => {
    for (const each of opened.splice(0)) closeSync(each);
  };
  try {
    return { info: await open(info, 'info'), pkg: await open(pkg, 'pkg'), close };
  } catch (error) {
    close();
    throw error;
  }
}

async function checkMetadata(file: ZipFile, member: ZipMember): Promise<void> {
  const { label } = file;
  if (member.size > maximumMetadata) throw hostile(label, `its \`metadata.json\` has ${member.size} bytes`);
  const { content } = await inflateMember(file, createWindow(file), member, undefined);
  let value: unknown;
  try {
    value = JSON.parse((content ?? Buffer.alloc(0)).toString('utf8'));
  } catch (error) {
    throw invalidPackage(label, 'its `metadata.json` is no JSON', error);
  }
  if (!Metadata.safeParse(value).success) throw invalidPackage(label, 'it is not of version 2 of the format');
}

function baseName({ name }: ZipMember): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
