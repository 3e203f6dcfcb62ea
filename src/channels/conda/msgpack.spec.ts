import fc from 'fast-check';
import { expect, test } from 'vitest';
import { messagePack } from '../../../test/kit/conda-records.ts';
import { decodeMessagePack } from './msgpack.ts';

test('what was written is read', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as unknown;
      expect(JSON.parse(JSON.stringify(decodeMessagePack(messagePack(plain))))).toEqual(plain);
    }),
  );
});

test.each<[string, unknown]>([
  ['7f', 127],
  ['ff', -1],
  ['e0', -32],
  ['cc80', 128],
  ['cd0100', 256],
  ['ce00010000', 65_536],
  ['cf000000e8d4a51000', 1_000_000_000_000],
  ['d080', -128],
  ['d18000', -32_768],
  ['d2ffffffff', -1],
  ['d3ffffffffffffffff', -1],
  ['ca3fc00000', 1.5],
  ['cb3ff8000000000000', 1.5],
  ['c0', null],
  ['c2', false],
  ['c3', true],
  ['a161', 'a'],
  ['d90161', 'a'],
  ['da000161', 'a'],
  ['db0000000161', 'a'],
  ['c401ff', Buffer.from([255])],
  ['c50001ff', Buffer.from([255])],
  ['9101', [1]],
  ['dc000101', [1]],
  ['81a16101', { a: 1 }],
  ['de0001a16101', { a: 1 }],
  ['d6ff00000000', null],
  ['c7010500', null],
])('%s', (hex, expected) => {
  const value = decodeMessagePack(Buffer.from(hex, 'hex'));
  if (Buffer.isBuffer(expected)) expect(Buffer.from(value as Uint8Array)).toEqual(expected);
  else if (typeof expected === 'object' && expected !== null) expect({ ...Object(value) }).toEqual({ ...expected });
  else expect(value).toBe(expected);
});

test.each([
  ['', 'ends in the middle'],
  ['a561', 'ends in the middle'],
  ['dbffffffff61', 'ends in the middle'],
  ['ddffffffff', 'ends in the middle'],
  ['dfffffffff', 'ends in the middle'],
  ['c1', 'means nothing'],
  ['8101', 'a key is no text'],
  ['0101', 'goes on behind its end'],
  [`${'91'.repeat(100)}01`, 'nested too deeply'],
])('%s is refused', (hex, message) => {
  expect(() => decodeMessagePack(Buffer.from(hex, 'hex'))).toThrow(message);
});

test.each<[string, Buffer]>([
  ['a list that says it has millions', Buffer.concat([Buffer.from('dd02000000', 'hex'), Buffer.alloc(1 << 25, 0xc0)])],
  ['lists in lists', Buffer.concat([Buffer.from('dd000f4240', 'hex'), Buffer.alloc(1_000_000, 0x90)])],
])('%s is refused before memory is full', (_what, bytes) => {
  expect(() => decodeMessagePack(bytes)).toThrow('far too many values');
});

test('any bytes are read or refused, and nothing is made of them that was not there', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        decodeMessagePack(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
  );
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  const map = decodeMessagePack(messagePack(JSON.parse('{"__proto__": {"polluted": 1}}'))) as Record<string, unknown>;
  expect(Object.keys(map)).toEqual(['__proto__']);
});
