import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { InstalledDistribution } from '../../resolve/index.ts';

/** A wheel without content, and without dependencies but those of its extras: it stands for something that is installed already. */
export function stubWheel({ name, version, extras = [] }: InstalledDistribution): { filename: string; bytes: Buffer } {
  const stem = `${name.replaceAll('-', '_')}-${version}`;
  const folder = `${stem}.dist-info`;
  const files: [string, string][] = [
    [`${folder}/METADATA`, [`Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}`, ...extras, ''].join('\n')],
    [`${folder}/WHEEL`, 'Wheel-Version: 1.0\nGenerator: terroir\nRoot-Is-Purelib: true\nTag: py3-none-any\n'],
  ];
  const record = files.map(([path, text]) => `${path},sha256=${digest(text)},${Buffer.byteLength(text)}\n`).join('');
  files.push([`${folder}/RECORD`, `${record}${folder}/RECORD,,\n`]);
  return { filename: `${stem}-py3-none-any.whl`, bytes: storedZip(files) };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** The simplest zip archive: members stored, no times, ASCII names (APPNOTE 4.3). */
function storedZip(files: readonly (readonly [string, string])[]): Buffer {
  const members: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of files) {
    const name = Buffer.from(path);
    const content = Buffer.from(text);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    // 1980-01-01, the earliest that a zip can say.
    facts.writeUInt16LE(0x21, 8);
    facts.writeUInt32LE(crc32(content), 10);
    facts.writeUInt32LE(content.length, 14);
    facts.writeUInt32LE(content.length, 18);
    facts.writeUInt16LE(name.length, 22);
    members.push(Buffer.concat([Buffer.from('PK\u0003\u0004'), facts, name, content]));
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002'), Buffer.from([20, 0]), facts, rest, name]));
    offset += 30 + name.length + content.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(size, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...members, ...directory, Buffer.from('PK\u0005\u0006'), end]);
}
