import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layerBudget, type SplitPackage, splitPackages } from './split-packages.ts';

const pkg = (name: string, size: number, isPrivate = false): SplitPackage => ({
  name,
  version: '1',
  sha256: name,
  filename: name,
  size,
  isPrivate,
});
const names = (groups: readonly (readonly SplitPackage[])[]): string[][] =>
  groups.map((group) => group.map(({ name }) => name));
const large = 8 << 20;

const packages = fc.uniqueArray(
  fc.record({
    name: fc.string({ minLength: 1, maxLength: 8 }),
    size: fc.integer({ min: 1, max: 20 << 20 }),
    isPrivate: fc.boolean(),
  }),
  { selector: ({ name }) => name, maxLength: 120 },
);

describe('splitting packages', () => {
  test('has each package once, in no more layers than there may be, whatever their order', () => {
    fc.assert(
      fc.property(packages, fc.integer({ min: 1, max: 38 }), fc.nat(), (list, budget, turn) => {
        const all = list.map(({ name, size, isPrivate }) => pkg(name, size, isPrivate));
        const groups = splitPackages(all, budget);
        expect(names(groups).flat().sort()).toEqual(all.map(({ name }) => name).sort());
        // One bucket and one for what is private is the least.
        expect(groups.length).toBeLessThanOrEqual(Math.max(budget, 2));
        const at = all.length === 0 ? 0 : turn % all.length;
        expect(splitPackages([...all.slice(at), ...all.slice(0, at)], budget)).toEqual(groups);
      }),
    );
  });

  test('keeps a package in the same company, whatever else there is', () => {
    const small = Array.from({ length: 60 }, (_, index) => pkg(`p${index}`, 1000));
    const alone = [pkg('torch', large), pkg('scipy', large)];
    const before = names(splitPackages(small, 38));
    const after = names(splitPackages([...small, ...alone], 38));
    expect(after).toEqual([['scipy'], ['torch'], ...before]);
    expect(before.length).toBeLessThanOrEqual(16);
  });

  test('puts what only this image has apart, but for what is alone anyway', () => {
    const list = [pkg('a', 10), pkg('b', 10, true), pkg('c', large, true)];
    expect(names(splitPackages(list, 38))).toEqual([['c'], ['a'], ['b']]);
  });

  test('lets the largest be alone where there is little room', () => {
    const list = Array.from({ length: 30 }, (_, index) => pkg(`p${String(index).padStart(2, '0')}`, large + index));
    const groups = names(splitPackages(list, 6));
    expect(groups.length).toBeLessThanOrEqual(6);
    expect(groups[0]).toEqual(['p29']);
  });

  test.each([
    [1, 38],
    [80, 38],
    [100, 18],
    [117, 1],
    [118, 0],
  ])('on a base of %i layers there may be %i', (base, expected) => {
    expect(layerBudget(base)).toBe(expected);
  });
});
