import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../schema/index.ts';
import { rewriteFile } from './rewrite-file.ts';

const placeholder = '/old/place';
const prefix = '/new';

describe('a rewritten file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'terroir-rewrite-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const rewrite = (content: Uint8Array, mode: 'text' | 'binary', pieceSize?: number): Buffer => {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    rmSync(to, { force: true });
    writeFileSync(from, content);
    utimesSync(from, 1_700_000_000, 1_700_000_000);
    const made = rewriteFile({ from, to, executable: true, placeholder, mode, prefix }, pieceSize);
    const bytes = readFileSync(to);
    expect(made).toEqual({ sha256: sha256(bytes), size: bytes.length });
    expect(statSync(to)).toMatchObject({ mode: 0o100555, mtimeMs: 1_700_000_000_000 });
    return bytes;
  };

  it('is a text of another length, or a binary of the same', () => {
    expect(rewrite(Buffer.from(`a ${placeholder}`), 'text').toString()).toBe(`a ${prefix}`);
    expect(rewrite(Buffer.from(`a ${placeholder}\0b`), 'binary').toString()).toBe(`a ${prefix}${'\0'.repeat(7)}b`);
    expect(rewrite(Buffer.alloc(0), 'binary')).toHaveLength(0);
  });

  it('is the same in pieces of any size as at once', () => {
    const part = fc.oneof(
      { weight: 3, arbitrary: fc.constant(Buffer.from(placeholder)) },
      { weight: 2, arbitrary: fc.constant(Buffer.from(`${placeholder}/x`, 'utf16le')) },
      { weight: 2, arbitrary: fc.constant(Buffer.from(`${placeholder}/x`, 'utf16le').swap16()) },
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 20 }).map((length) => Buffer.alloc(length)) },
      { weight: 2, arbitrary: fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)) },
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), fc.integer({ min: 1, max: 200 }), (parts, pieceSize) => {
        const content = Buffer.concat(parts);
        expect(rewrite(content, 'binary', pieceSize).equals(rewrite(content, 'binary'))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is read in pieces where it is large', () => {
    const content = Buffer.alloc(33 << 20, 'x');
    const string = `\0\0\0\0\0\0\0\0\0${placeholder}/lib\0`;
    for (const at of [10, 31 << 20, (32 << 20) - 12]) content.write(string, at, 'latin1');
    // By hand: C string for C string.
    const expected = content
      .toString('latin1')
      .split('\0')
      .map((each) => each.replace(placeholder, prefix) + '\0'.repeat(each.includes(placeholder) ? 6 : 0))
      .join('\0');
    expect(sha256(rewrite(content, 'binary'))).toBe(sha256(Buffer.from(expected, 'latin1')));
  });
});
