import { closeSync, fstatSync, openSync } from 'node:fs';
import { createWindow, inflateMember } from './inflate-member.ts';
import { readCentralDirectory } from './zip/central-directory.ts';
import { openZipFile } from './zip/zip-file.ts';

/** Longer ones are the text of a licence. */
const longest = 80;
const largestMetadata = 4 << 20;

/**
 * What a wheel says of its licence: the expression, else the short name or the classifiers that came before there were expressions. Undefined if it says
 * nothing of the kind. @throws AppError CORRUPT_ARCHIVE, HOSTILE_ARCHIVE.
 */
export async function readWheelLicense(archive: string, filename: string): Promise<string | undefined> {
  const fd = openSync(archive, 'r');
  try {
    const file = openZipFile(fd, fstatSync(fd).size, filename);
    const member = readCentralDirectory(file).find(({ name }) => /^[^/]+\.dist-info\/METADATA$/.test(name));
    if (member === undefined || member.size > largestMetadata) return undefined;
    const { content } = await inflateMember(file, createWindow(file), member, undefined);
    return licenseIn(content?.toString('utf8') ?? '');
  } finally {
    closeSync(fd);
  }
}

/** In the core metadata of a distribution. */
export function licenseIn(metadata: string): string | undefined {
  const [head = ''] = metadata.split(/\r?\n\r?\n/, 1);
  const values = (key: string): string[] =>
    [...head.matchAll(new RegExp(`^${key}:[ \\t]*(.*(?:\\r?\\n[ \\t].*)*)`, 'gim'))].map(([, value = '']) =>
      value.trim(),
    );
  const short = [...values('License-Expression'), ...values('License')].find(
    (text) => text !== '' && text.length <= longest && !text.includes('\n') && text.toUpperCase() !== 'UNKNOWN',
  );
  if (short !== undefined) return short;
  const classified = values('Classifier').filter((text) => text.startsWith('License ::'));
  const names = classified.map((text) => text.split(' :: ').at(-1) ?? '').filter((name) => name !== 'OSI Approved');
  return names.length === 0 ? undefined : [...new Set(names)].join(', ');
}
