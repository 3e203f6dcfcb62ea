import { describe, expect, it } from 'vitest';
import { sleep } from '../../io/index.ts';
import { wholeLines } from './whole-lines.ts';

function startLog() {
  const pieces: string[] = [];
  const log = {
    write: (chunk: Uint8Array) => {
      pieces.push(Buffer.from(chunk).toString());
      return Promise.resolve();
    },
  };
  return { pieces, log };
}

describe('two streams in one log', () => {
  it('keep each line in one piece', async () => {
    const { pieces, log } = startLog();
    const [out, err] = [wholeLines(log), wholeLines(log)];
    await out.write(Buffer.from('red'));
    await err.write(Buffer.from('a warning\nand'));
    await out.write(Buffer.from(' wine\nwhite'));
    await out.finish();
    await err.finish();
    expect(pieces).toEqual(['a warning\n', 'red wine\n', 'white', 'and']);
  });

  it('do not wait long for the end of a line', async () => {
    const { pieces, log } = startLog();
    const out = wholeLines(log);
    await out.write(Buffer.from('Really? '));
    expect(pieces).toEqual([]);
    await expect.poll(() => pieces).toEqual(['Really? ']);
    await out.write(Buffer.from('yes\n'));
    expect(pieces).toEqual(['Really? ', 'yes\n']);
    await sleep(120);
    expect(pieces).toHaveLength(2);
  });

  it('take a progress bar’s turns as lines, and no line without bounds', async () => {
    const { pieces, log } = startLog();
    const out = wholeLines(log);
    await out.write(Buffer.from('10 %\r20 %'));
    expect(pieces).toEqual(['10 %\r']);
    await out.write(Buffer.alloc(70_000, 'x'));
    expect(pieces.map((piece) => piece.length)).toEqual([5, 70_004]);
  });
});
