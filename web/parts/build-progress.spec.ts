import { describe, expect, it } from 'vitest';
import { addEvents, type BuildProgress, endSteps, noProgress, type TimedEvent } from './build-progress.ts';

const time = '2026-01-02T03:04:05.000Z';
const started = (id: number, title: string): TimedEvent => ({ type: 'step-started', id, title, time });
const finished = (id: number, title: string): TimedEvent => ({
  type: 'step-finished',
  id,
  title,
  outcome: 'done',
  ms: 7,
  time,
});
const outcomes = ({ steps }: BuildProgress): string[] =>
  steps.map(({ title, end }) => `${title}: ${end?.outcome ?? 'goes on'}`);

const events: TimedEvent[] = [
  { type: 'step-started', id: 1, title: 'Fetching', unit: 'bytes', total: 100, time },
  { type: 'step-progress', id: 1, done: 40, time },
  started(2, 'Composing'),
  { type: 'output', source: 'uv', text: 'one\ntwo', time },
  { type: 'note', level: 'warning', message: 'rebuilding', hint: 'careful', time },
  { type: 'step-progress', id: 1, done: 100, total: 120, note: 'grape', time },
  finished(1, 'Fetched'),
  { type: 'output', source: 'uv', text: 'three', time },
];

describe('what a build has reported', () => {
  it('is the same however it comes', () => {
    const whole = addEvents(noProgress, events);
    let bit = noProgress;
    for (const event of events) bit = addEvents(bit, [event]);
    expect(bit).toEqual(whole);
    expect(outcomes(whole)).toEqual(['Fetched: done', 'Composing: goes on']);
    expect(whole.steps[0]).toMatchObject({ unit: 'bytes', done: 100, total: 120, note: 'grape', end: { ms: 7 } });
    expect(whole.output.lines).toEqual(['one', 'two', 'three']);
    expect(whole.notes).toMatchObject([{ level: 'warning', message: 'rebuilding', hint: 'careful' }]);
  });

  it('begins anew with another worker, which counts from one again', () => {
    const again = addEvents(noProgress, [started(1, 'Lost'), started(2, 'Lost too'), started(1, 'Again')]);
    const done = endSteps(addEvents(again, [finished(1, 'Again')]));
    expect(outcomes(done)).toEqual(['Lost: left', 'Lost too: left', 'Again: done']);
  });

  it('shows the end of a step of which it did not see the beginning', () => {
    const late: TimedEvent[] = [{ type: 'step-progress', id: 3, done: 1, time }, finished(3, 'Checked')];
    expect(outcomes(addEvents(noProgress, late))).toEqual(['Checked: done']);
  });
});
