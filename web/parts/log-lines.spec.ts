import { describe, expect, it } from 'vitest';
import { appendText, keptBytes, type LogLines, noLines, prependBytes, shownLine } from './log-lines.ts';

const text = Array.from({ length: 500 }, (_, index) => `line ${index} ü\n`).join('');
const bytes = new TextEncoder().encode(text);

describe('the window of a log', () => {
  it('is the same however the text comes', () => {
    let window = noLines;
    for (let at = 0; at < text.length; at += 7) window = appendText(window, text.slice(at, at + 7));
    expect(window).toEqual({ lines: text.split('\n').slice(0, -1), start: 0, length: bytes.length, rest: '' });
  });

  it.each([1, 13, 64, 999, 4096])('grows to the whole log upwards, by %i bytes', (step) => {
    let window: LogLines = { lines: [], start: bytes.length, length: 0, rest: '' };
    for (let wanted = step; window.start > 0; wanted += step) {
      const from = Math.max(0, window.start - wanted);
      const next = prependBytes(window, bytes.subarray(from, window.start));
      if (next.start < window.start) wanted = step;
      window = next;
      expect(window.start + window.length).toBe(bytes.length);
    }
    expect(window.lines).toEqual(text.split('\n').slice(0, -1));
  });

  it('keeps the end when there is too much', () => {
    const line = 'x'.repeat(99);
    let window = noLines;
    const count = 80_000;
    for (let at = 0; at < count; at += 20_000) window = appendText(window, `${line}\n`.repeat(20_000));
    expect(window.length).toBeLessThanOrEqual(keptBytes);
    expect(window.start + window.length).toBe(count * 100);
  });
});

it.each([
  ['\u001b[31mred\u001b[0m', 'red'],
  ['10%\r50%\r100%', '100%'],
  ['done\r', 'done'],
  ['<b>bold</b>', '<b>bold</b>'],
  ['\u001b]0;title\u0007text', 'text'],
])('shows %j as %j', (line, shown) => {
  expect(shownLine(line)).toBe(shown);
});
