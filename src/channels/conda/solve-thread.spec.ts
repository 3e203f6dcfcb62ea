import { expect, test } from 'vitest';
import { limitMemory, withLargestMemory } from './limit-memory.ts';
import { startSolverThread } from './solve-thread.ts';
import { type SolverInput, solverInput } from './solver-input.ts';

const nothing = (more: Partial<SolverInput> = {}): SolverInput => ({
  ...solverInput({
    specs: [],
    platform: 'linux-64',
    channels: [],
    virtualPackages: {},
    locked: new Set(),
    channelsOf: () => [],
  }),
  ...more,
});

test.each([
  ['a channel in a specification', { specs: ['a::b'] }],
  ['a pattern of any name', { specs: ['*'] }],
  ['an address that is none', { channels: [{ url: 'https://', subdirs: {} }], specs: ['a'] }],
])('the solver’s death (%s) is an answer, and the process goes on', async (_title, more) => {
  const thread = startSolverThread();
  const answer = await thread.solve(nothing(more));
  expect(['died', 'unsolvable']).toContain(answer.kind);
  if (answer.kind === 'died') expect(answer).toMatchObject({ exhausted: false });
  await thread.close();
  const next = startSolverThread();
  expect(await next.solve(nothing())).toEqual({ kind: 'solved', urls: [] });
  await next.close();
});

test('a signal that came before is heard, and an unused thread can be closed', async () => {
  const thread = startSolverThread(AbortSignal.abort());
  await expect(thread.solve(nothing())).rejects.toMatchObject({ code: 'CANCELED' });
  await thread.close();
  await startSolverThread().close();
});

test('the thread asks nobody', async () => {
  const thread = startSolverThread();
  const input = nothing({ specs: ['a'], channels: [{ url: 'https://conda.example/x', subdirs: {} }] });
  // It would fail by its name if it were asked; without any folder there is just no channel.
  const answer = await thread.solve(input);
  expect(JSON.stringify(answer)).not.toMatch(/ENOTFOUND|fetch failed/);
  await thread.close();
});

/** `(module (memory (export "memory") 1))` */
const module = Buffer.from('0061736d010000000503010001070a01066d656d6f72790200', 'hex');

interface Engine {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: { memory: { grow(pages: number): number; buffer: ArrayBuffer } } };
}
const engine = (): Engine => (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;

test('a module’s memory does not grow past its limit', () => {
  const free = new (engine().Instance)(new (engine().Module)(module));
  expect(free.exports.memory.grow(10)).toBe(1);
  const bound = new (engine().Instance)(new (engine().Module)(withLargestMemory(module, 3)));
  expect(bound.exports.memory.grow(2)).toBe(1);
  expect(() => bound.exports.memory.grow(1)).toThrow();
  const twice = withLargestMemory(withLargestMemory(module, 300), 2);
  expect(() => new (engine().Instance)(new (engine().Module)(twice)).exports.memory.grow(2)).toThrow();
});

test('what has no memory stays as it is', () => {
  const empty = Buffer.from('0061736d01000000', 'hex');
  expect(withLargestMemory(empty, 3)).toBe(empty);
});

test('the limit holds for every module of the thread, and its use is known', () => {
  const { Module, Instance } = engine();
  try {
    const used = limitMemory(4 * 65_536);
    const made = new (engine().Instance)(new (engine().Module)(module));
    expect(used()).toBe(65_536);
    made.exports.memory.grow(3);
    expect(used()).toBe(4 * 65_536);
    expect(() => made.exports.memory.grow(1)).toThrow();
  } finally {
    Object.assign(engine(), { Module, Instance });
  }
});
