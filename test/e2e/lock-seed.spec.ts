import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffLocks } from '../../src/resolve/index.ts';
import { lockOn, makeMachine } from '../kit/locker.ts';
import { startPypiIndex } from '../kit/pypi-index.ts';
import { makeWheel } from '../kit/wheel.ts';

/** Who needs whom: each package may need those after it, so that everything can be solved. */
const needs = fc.array(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }), { minLength: 5, maxLength: 5 });

/** Which packages have a newer version by the second lock, one of which must move. */
const world = fc.record({
  needs,
  newer: fc.subarray([0, 1, 2, 3, 4], { minLength: 1 }),
  roots: fc.subarray([0, 1, 2, 3, 4], { minLength: 1 }),
});

test('a relock with a seed moves only what it must', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(world, async ({ needs: lists, newer, roots }) => {
      // A page that uv may keep would hide what is published later, and nothing could move.
      const index = await startPypiIndex([], { cacheControl: 'no-cache' });
      const here = await makeMachine();
      const wheel = (at: number, version: string): ReturnType<typeof makeWheel> => {
        const requires = [...new Set((lists[at] ?? []).map((step) => at + step))].filter((other) => other < 5);
        return makeWheel({ name: `p${at}`, version, requires: requires.map((other) => `p${other}`) });
      };
      try {
        for (let at = 0; at < 5; at += 1) index.publish(wheel(at, '1.0'));
        const options = [`--index-url ${index.url}`];
        const before = roots.map((at) => `p${at}`);
        const seed = await lockOn(here, { requirements: [...options, ...before] });
        const mover = newer[0] ?? 0;
        for (const at of newer) index.publish(wheel(at, '2.0'));
        index.publish(makeWheel({ name: 'fresh', version: '1.0', requires: [`p${mover}>=2`] }));
        const fetch = { upgrade: [`p${mover}`, 'fresh'] };

        const same = await lockOn(here, { requirements: [...options, ...before], seed });
        expect(same.packages).toEqual(seed.packages);

        const next = await lockOn(here, { requirements: [...options, ...before, 'fresh'], seed, ...fetch });
        const had = new Set(seed.packages.map(({ name }) => name));
        const { changed, removed } = diffLocks(seed, next);
        expect(removed).toEqual([]);
        expect(changed.map(({ name }) => name)).toEqual(had.has(`p${mover}`) ? [`p${mover}`] : []);

        const all = await lockOn(here, { requirements: [...options, ...before], seed, upgrade: 'all' });
        const fresh = Object.fromEntries(all.packages.map(({ name, version }) => [name, version]));
        for (const at of newer) if (had.has(`p${at}`)) expect(fresh[`p${at}`]).toBe('2.0');
      } finally {
        await here.remove();
        await index.close();
      }
    }),
    { numRuns: 8 },
  );
});
