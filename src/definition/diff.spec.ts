import { expect, it } from 'vitest';
import { emptyDefinition } from './defaults.ts';
import { diffDefinitions } from './diff.ts';

it('has nothing to say of a list that is empty here and missing there', () => {
  const requirements = { ...emptyDefinition(), layer: { kind: 'requirements' as const, entries: [] } };
  const conda = { ...emptyDefinition(), layer: { kind: 'conda' as const, channels: ['a'], dependencies: [] } };
  expect(diffDefinitions(requirements, conda)).toEqual([{ path: 'conda_file.channels', from: null, to: 'a' }]);
});

it('tells a swap as one change', () => {
  const of = (...names: string[]) => ({
    ...emptyDefinition(),
    layer: { kind: 'requirements' as const, entries: names.map((text) => ({ type: 'requirement' as const, text })) },
  });
  expect(diffDefinitions(of('a', 'b'), of('b', 'a'))).toEqual([
    { path: 'requirements (order)', from: ['a', 'b'], to: ['b', 'a'] },
  ]);
});
