import type { Outcome, ReportEvent } from '../../src/report/index.ts';
import { appendText, type LogLines, noLines } from './log-lines.ts';

export type TimedEvent = ReportEvent & { time: string };

export interface ShownStep {
  id: number;
  title: string;
  unit: 'bytes' | 'items' | undefined;
  done: number;
  total: number | undefined;
  note: string | undefined;
  startedAt: string;
  /** Undefined as long as it goes on. */
  end: { outcome: Outcome | 'left'; detail: string | undefined; ms: number } | undefined;
}

/** What a build has reported so far. */
export interface BuildProgress {
  steps: readonly ShownStep[];
  notes: readonly { level: 'info' | 'warning'; message: string; hint?: string }[];
  /** What programs printed that it started. */
  output: LogLines;
}

export const noProgress: BuildProgress = { steps: [], notes: [], output: noLines };

export function addEvents(before: BuildProgress, events: readonly TimedEvent[]): BuildProgress {
  const steps = [...before.steps];
  const notes = [...before.notes];
  let printed = '';
  for (const event of events) {
    if (event.type === 'note') notes.push(event);
    else if (event.type === 'output') printed += `${event.text.replace(/\n$/, '')}\n`;
    else addToSteps(steps, event);
  }
  return { steps, notes, output: printed === '' ? before.output : appendText(before.output, printed) };
}

/** Nothing goes on any more: what has no end was left by a worker that was lost, or by a cancellation. */
export function endSteps(before: BuildProgress): BuildProgress {
  return { ...before, steps: before.steps.map((step) => (step.end === undefined ? leave(step) : step)) };
}

function addToSteps(steps: ShownStep[], event: Extract<TimedEvent, { id: number }>): void {
  const at = steps.findLastIndex(({ id, end }) => id === event.id && end === undefined);
  const step = steps[at];
  if (event.type === 'step-started') {
    // Another worker counts anew.
    if (step !== undefined) steps[at] = leave(step);
    const { id, title, unit, total, time } = event;
    steps.push({ id, title, unit, total, done: 0, note: undefined, startedAt: time, end: undefined });
  } else if (event.type === 'step-progress') {
    if (step !== undefined)
      steps[at] = { ...step, done: event.done, total: event.total ?? step.total, note: event.note };
  } else {
    const { id, title, outcome, detail, ms, time } = event;
    const end = { outcome, detail, ms };
    if (step !== undefined) steps[at] = { ...step, title, end };
    else steps.push({ id, title, unit: undefined, total: undefined, done: 0, note: undefined, startedAt: time, end });
  }
}

function leave(step: ShownStep): ShownStep {
  return { ...step, end: { outcome: 'left', detail: undefined, ms: 0 } };
}
