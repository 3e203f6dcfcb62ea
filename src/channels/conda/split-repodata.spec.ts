import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRepodataSplitter } from './split-repodata.ts';

interface Found {
  records: [string, unknown][];
  others: [string, unknown][];
}

function split(text: string | Buffer, size = 7): Found {
  const found: Found = { records: [], others: [] };
  const splitter = createRepodataSplitter({
    record: (name, pieces) =>
      found.records.push([name, JSON.parse(`{${Buffer.concat([...pieces]).toString('utf8')}}`)]),
    other: (key, json) => found.others.push([key, JSON.parse(json)]),
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
  splitter.end();
  return found;
}

const part = fc.stringMatching(/^[a-z0-9_.]{1,6}$/);
const filename = fc
  .tuple(part, part, part, fc.constantFrom('conda', 'tar.bz2'))
  .map(([name, version, build, extension]) => `${name}-${version}-${build}.${extension}`);
const packages = fc.dictionary(filename, fc.dictionary(fc.string(), fc.jsonValue()), { maxKeys: 8 });
const repodata = fc.record(
  {
    info: fc.jsonValue(),
    packages,
    'packages.conda': packages,
    removed: fc.array(filename),
    signatures: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

test('whatever the text and however it comes, the records are those of a whole parse', () => {
  fc.assert(
    fc.property(repodata, fc.integer({ min: 1, max: 50 }), fc.constantFrom(0, 2), (document, size, indent) => {
      const text = JSON.stringify(document, undefined, indent);
      const { records, others } = split(text, size);
      const parsed = JSON.parse(text) as typeof document;
      const expected = [document.packages, document['packages.conda']].flatMap((each) =>
        Object.entries(each ?? {}).map(([key]) => key),
      );
      expect(records.flatMap(([, record]) => Object.keys(record as object))).toEqual(expected);
      const all = { ...parsed.packages, ...parsed['packages.conda'] };
      expect(Object.assign({}, ...records.map(([, record]) => record))).toEqual(all);
      for (const [name, record] of records) expect(Object.keys(record as object)[0]?.startsWith(`${name}-`)).toBe(true);
      expect(Object.fromEntries(others)).toEqual(
        Object.fromEntries(Object.entries(parsed).filter(([key]) => ['info', 'removed'].includes(key))),
      );
    }),
  );
});

test.each([
  ['', 'it ends in the middle'],
  ['[]', 'it is no JSON object'],
  ['<html>', 'it is no JSON object'],
  ['{"packages": []}', 'its `packages` is no object'],
  ['{"packages": {"a-1-0.conda": 3}}', 'is no object'],
  ['{"packages": {"a-1-0.conda": {"name": "a"', 'it ends in the middle'],
  ['{"packages": {"a-1-0.conda": {}}', 'it ends in the middle'],
  ['{"packages": {}} {}', 'something stands behind its end'],
  ['{packages: {}}', 'a key is missing'],
  ['{"packages": {"../a-1-0.conda": {}}}', 'a file outside of its folder: "../a-1-0.conda"'],
  ['{"packages": {"a/../../b-1-0.conda": {}}}', 'outside of its folder'],
  ['{"packages": {"..\\\\a-1-0.conda": {}}}', 'outside of its folder'],
  [`{"info": ${'['.repeat(100)}`, 'it is nested too deeply'],
  [`{"packages": {"a-1-0.conda": {"depends": ${'['.repeat(100)}`, 'it is nested too deeply'],
  ['{"packages": {"a\\u0000-1-0.conda": {}}}', 'outside of its folder'],
  ['{"packages": {"\\u002e\\u002e/a-1-0.conda": {}}}', 'outside of its folder'],
])('%s is refused', (text, message) => {
  for (const size of [1, 4, 1000]) expect(() => split(text, size)).toThrow(message);
});

test('what no package can be called is left out', () => {
  expect(
    split('{"packages": {"readme.txt": {}, "a-1.conda": {}, "a-1-0.zip": {}, "a-1-0.conda": {}}}').records,
  ).toEqual([['a', { 'a-1-0.conda': {} }]]);
});

test('a record without end is no reason to fill the memory', () => {
  const splitter = createRepodataSplitter({ record: () => undefined, other: () => undefined });
  splitter.push(Buffer.from('{"packages": {"a-1-0.conda": {"x": "'));
  const chunk = Buffer.alloc(8 << 20, 0x61);
  expect(() => {
    for (let count = 0; count < 20; count += 1) splitter.push(chunk);
  }).toThrow('far too long');
});
