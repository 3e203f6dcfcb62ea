import fc from 'fast-check';
import { expect, test } from 'vitest';
import { installOrder } from './install-order.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const graph = fc
  .array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), { maxLength: 15 })
  .map((edges) =>
    names.map((name) => ({ name, dependencies: edges.filter(([from]) => from === name).map(([, to]) => to) })),
  );

test('the same order however the packages come', () => {
  fc.assert(
    fc.property(graph, fc.infiniteStream(fc.nat()), (packages, random) => {
      const weights = new Map(packages.map(({ name }) => [name, random.next().value ?? 0]));
      const shuffled = packages
        .map(({ name, dependencies }) => ({ name, dependencies: dependencies.toReversed() }))
        .sort((a, b) => (weights.get(a.name) ?? 0) - (weights.get(b.name) ?? 0));
      expect(installOrder(shuffled).map(({ name }) => name)).toEqual(installOrder(packages).map(({ name }) => name));
    }),
  );
});

test('without circles, each stands behind what it needs', () => {
  fc.assert(
    fc.property(graph, (packages) => {
      const downwards = packages.map(({ name, dependencies }) => ({
        name,
        dependencies: dependencies.filter((each) => each < name),
      }));
      const order = installOrder(downwards).map(({ name }) => name);
      expect(order.toSorted()).toEqual(names);
      for (const { name, dependencies } of downwards)
        for (const each of dependencies) expect(order.indexOf(each)).toBeLessThan(order.indexOf(name));
    }),
  );
});
