export type Outcome = 'done' | 'cached' | 'failed';

export type ReportEvent =
  | { type: 'step-started'; id: number; title: string; unit?: 'bytes' | 'items'; total?: number }
  | { type: 'step-progress'; id: number; done: number; total?: number; note?: string }
  | { type: 'step-finished'; id: number; title: string; outcome: Outcome; detail?: string; ms: number }
  | { type: 'note'; level: 'info' | 'warning'; message: string; hint?: string }
  /** A line of a subordinate program (uv, a build). */
  | { type: 'output'; source: string; text: string };

export type Emit = (event: ReportEvent) => void;

/** For callers that don't care. */
export const silent: Emit = () => undefined;

export interface Step {
  /** In the step's unit. */
  progress(done: number, total?: number, note?: string): void;
  finish(outcome: Outcome, detail?: string): void;
}

export interface StepOptions {
  unit?: 'bytes' | 'items';
  total?: number;
}

let lastId = 0;

/** Starts a step by hand; prefer `step`, which finishes it whatever happens. */
export function startStep(emit: Emit, title: string, options: StepOptions = {}): Step {
  lastId += 1;
  const id = lastId;
  const startedAt = performance.now();
  let finished = false;
  emit({ type: 'step-started', id, title, ...options });
  return {
    progress(done, total, note) {
      if (!finished) emit({ type: 'step-progress', id, done, total: total ?? options.total, note });
    },
    finish(outcome, detail) {
      if (finished) return;
      finished = true;
      emit({ type: 'step-finished', id, title, outcome, detail, ms: performance.now() - startedAt });
    },
  };
}

/** Runs `work` as a step. It ends as `done`, as what `work` told the step, or as `failed` when `work` throws. */
export async function step<T>(
  emit: Emit,
  title: string,
  work: (step: Step) => Promise<T>,
  options: StepOptions = {},
): Promise<T> {
  const current = startStep(emit, title, options);
  try {
    const result = await work(current);
    current.finish('done');
    return result;
  } catch (error) {
    current.finish('failed');
    throw error;
  }
}
