import { describe, expect, it } from 'vitest';
import { commands } from './commands.ts';
import { nearestCommand } from './nearest-command.ts';

describe('a command that there is not', () => {
  it.each([
    ['env lst', 'env list'],
    ['env crate', 'env create'],
    ['env new', 'env create'],
    ['env rm', 'env delete'],
    ['env activate', 'env shell'],
    ['runs ls', 'runs list'],
    ['run list', 'runs list'],
    ['docter', 'doctor'],
    ['submit', 'run'],
    ['envv', 'env'],
    ['modle', 'model'],
    ['frobnicate', undefined],
  ])('%s: %s is meant', (given, near) => {
    expect(nearestCommand(given)).toBe(near);
  });

  it('never leads to another that there is not', () => {
    const words = ['env', 'runs', 'model', 'cache'].flatMap((noun) =>
      ['ls', 'new', 'add', 'get', 'rm', 'remove', 'stop', 'clean', 'register', 'validate'].map(
        (verb) => `${noun} ${verb}`,
      ),
    );
    for (const word of words) {
      const near = nearestCommand(word);
      if (near !== undefined) expect(Object.keys(commands)).toContain(near);
    }
  });
});
