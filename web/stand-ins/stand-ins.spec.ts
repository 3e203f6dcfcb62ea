import { createHash as nodeHash } from 'node:crypto';
import { posix as nodePosix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Buffer as OwnBuffer } from './buffer.ts';
import { createHash } from './crypto.ts';
import { posix } from './path.ts';

const path = fc
  .array(fc.constantFrom('a', 'b.txt', '..', '.', '/', '//', 'Dockerfile', '.x'), { maxLength: 6 })
  .map((parts) => parts.join(''));

describe('what stands in for Node in the browser does as Node', () => {
  it('digests', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 300 })), (content) => {
        expect(createHash('sha256').update(content).digest('hex')).toBe(
          nodeHash('sha256').update(content).digest('hex'),
        );
      }),
    );
  });

  it('paths', () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(posix.normalize(a)).toBe(nodePosix.normalize(a));
        expect(posix.join(a, b)).toBe(nodePosix.join(a, b));
        expect(posix.isAbsolute(a)).toBe(nodePosix.isAbsolute(a));
      }),
    );
    for (const each of ['a/b.txt', 'b.txt', '/a', 'a/b/', './a', 'a/../b'])
      expect([posix.basename(each), posix.dirname(each)]).toEqual([nodePosix.basename(each), nodePosix.dirname(each)]);
  });

  it('lengths', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(OwnBuffer.byteLength(text)).toBe(Buffer.byteLength(text));
      }),
    );
  });
});
