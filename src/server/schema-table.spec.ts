import { expect, test } from 'vitest';
import { schemaTable, typeText } from './schema-table.ts';

test.each<[object, string]>([
  [{ type: 'string' }, 'string'],
  [{ type: 'string', maxLength: 10_000 }, 'string, at most 10,000 long'],
  [{ type: 'integer', minimum: 1, maximum: 1000 }, 'integer, 1 to 1,000'],
  [{ type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 }, 'integer'],
  [{ enum: ['a', 'b'] }, '<code>a</code> <code>b</code>'],
  [{ const: '<' }, '<code>&quot;&lt;&quot;</code>'],
  [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string or null'],
  [{ type: 'array', items: { $ref: '#/components/schemas/Run' } }, 'list of <a href="#schema-Run">Run</a>'],
  [{ type: 'object', additionalProperties: { type: 'string' } }, 'map to string'],
  [{ type: 'object', additionalProperties: {} }, 'object'],
  [{}, 'anything'],
])('%j is %s', (schema, text) => {
  expect(typeText(schema as Record<string, unknown>)).toBe(text);
});

test('objects inside, in lists, in maps and beside null have rows of their own', () => {
  const inner = { type: 'object', properties: { deep: { type: 'number' } }, required: ['deep'] };
  const table = schemaTable({
    type: 'object',
    required: ['plain'],
    properties: {
      plain: { type: 'string', description: 'Is `plain` & <good>' },
      one: inner,
      many: { type: 'array', items: inner },
      named: { type: 'object', additionalProperties: inner },
      perhaps: { anyOf: [inner, { type: 'null' }] },
      either: { anyOf: [inner, { type: 'string' }] },
    },
  });
  const rows = table.split('<tr>').slice(1);
  expect(rows.map((row) => /<code>(.*?)<\/code>( \*)?/.exec(row)?.slice(1, 3).join(''))).toEqual([
    'plain *',
    'one',
    'one.deep *',
    'many',
    'many[].deep *',
    'named',
    'named{}.deep *',
    'perhaps',
    'perhaps.deep *',
    'either',
  ]);
  expect(rows[0]).toContain('Is <code>plain</code> &amp; &lt;good&gt;');
});
