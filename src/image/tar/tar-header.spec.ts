import { spawnSync } from 'node:child_process';
import { finished } from 'node:stream/promises';
import fc from 'fast-check';
import { extract, type Header } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { endOfTar, fixedTime, paddingOf, type TarEntry, tarHeader } from './tar-header.ts';

function archive(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([
    ...entries.flatMap((entry) => {
      const size = entry.kind === 'file' ? (entry.size ?? 0) : 0;
      return [tarHeader(entry), Buffer.alloc(size, 'x'), Buffer.alloc(paddingOf(size))];
    }),
    endOfTar,
  ]);
}

async function readBack(bytes: Buffer): Promise<Header[]> {
  const found: Header[] = [];
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    found.push(header);
    stream.on('end', next).resume();
  });
  reader.end(bytes);
  await finished(reader);
  return found;
}

const part = fc
  .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
  .filter((text) => !/[/\0]/.test(text) && !['.', '..'].includes(text) && text.isWellFormed());
const path = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/'));
const entry: fc.Arbitrary<TarEntry> = fc.oneof(
  fc.record({ kind: fc.constant('file' as const), path, size: fc.nat(1500), mode: fc.constantFrom(0o644, 0o755) }),
  fc.record({ kind: fc.constant('folder' as const), path, mode: fc.constantFrom(0o755, 0o1777), uid: fc.nat(70000) }),
  fc.record({ kind: fc.constant('link' as const), path, target: path, mode: fc.constant(0o777) }),
);

describe('a tar header', () => {
  test('is read back by another reader', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async (entries) => {
        const found = await readBack(archive(entries));
        expect(
          found.map(({ name, type, mode, uid, gid, size, linkname, mtime }) => ({
            name: type === 'directory' ? name.replace(/\/$/, '') : name,
            type,
            mode,
            uid,
            gid,
            size,
            linkname,
            mtime: mtime?.getTime(),
          })),
        ).toEqual(
          entries.map((each) => ({
            name: each.path,
            type: { file: 'file', folder: 'directory', link: 'symlink' }[each.kind],
            mode: each.mode,
            uid: each.uid ?? 0,
            gid: 0,
            size: each.kind === 'file' ? each.size : 0,
            linkname: each.target ?? null,
            mtime: fixedTime * 1000,
          })),
        );
      }),
      { numRuns: 60 },
    );
  });

  const long = (length: number): string =>
    `${'d'.repeat(50)}/`
      .repeat(10)
      .slice(0, length - 1)
      .concat('f');
  const lengths = [1, 99, 100, 101, 102, 154, 155, 156, 157, 255, 256, 257, 300];
  test.each(lengths)('says a name of %i characters as GNU tar reads it', (length) => {
    const bytes = archive([
      { kind: 'file', path: long(length), size: 3, mode: 0o644 },
      { kind: 'folder', path: `e${long(length - 1)}`, mode: 0o755 },
      { kind: 'link', path: 'ü/link', target: long(length), mode: 0o777 },
    ]);
    const { stdout, status, stderr } = spawnSync('tar', ['-tf', '-', '--quoting-style=literal'], {
      input: bytes,
      encoding: 'utf8',
    });
    expect({ status, stderr, names: stdout.split('\n') }).toEqual({
      status: 0,
      stderr: '',
      names: [long(length), `e${long(length - 1)}/`, 'ü/link', ''],
    });
  });

  test('says a size that ustar cannot', async () => {
    const size = 2 ** 33 + 5;
    const bytes = tarHeader({ kind: 'file', path: 'large', size, mode: 0o644 });
    expect(bytes.length).toBe(3 * 512);
    const reader = extract();
    const header = new Promise<Header>((resolve) => reader.on('entry', resolve));
    reader.write(bytes);
    expect((await header).size).toBe(size);
  });

  test.each([2 ** 33 - 1, 2 ** 33])('is as small as it can be for %i bytes', (size) => {
    expect(tarHeader({ kind: 'file', path: 'large', size, mode: 0o644 }).length).toBe(size < 2 ** 33 ? 512 : 1536);
  });
});
