import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { followEvents } from '../api/follow-events.ts';
import type { Problem } from '../api/types.ts';
import { problemOf } from '../api/use-data.ts';
import {
  addEvents,
  type BuildProgress,
  endSteps,
  noProgress,
  type ShownStep,
  type TimedEvent,
} from './build-progress.ts';
import { bytes, duration } from './format.ts';
import { LogBox } from './log-box.tsx';
import { Failure } from './states.tsx';
import { useNow } from './use-now.ts';
import { WithCode } from './with-code.tsx';

const outcomes = { done: 'done', cached: 'from the cache', failed: 'failed', left: 'left' } as const;

/** What a build does, as it does it. */
export function BuildSteps({ build, onEnd }: { build: string; onEnd(): void }): JSX.Element {
  const { progress, isLive, problem } = useProgress(build, onEnd);
  const now = useNow(isLive);
  if (problem !== undefined) return <Failure problem={problem} />;
  const { steps, notes, output } = progress;
  const lines = output.rest === '' ? output.lines : [...output.lines, output.rest];
  return (
    <div class="build-steps">
      {notes.map(({ level, message, hint }, index) => (
        <div key={index} class={`note ${level}`}>
          <p>
            <WithCode text={message} />
          </p>
          {hint !== undefined && (
            <p class="muted">
              <WithCode text={hint} />
            </p>
          )}
        </div>
      ))}
      {steps.length === 0 && isLive && <p class="muted">It waits for a worker.</p>}
      {steps.length === 0 && !isLive && <p class="muted">It had nothing to do.</p>}
      <ol class="steps" aria-label="Steps">
        {steps.map((step, index) => (
          <Step key={index} of={step} now={now} />
        ))}
      </ol>
      {lines.length > 0 && (
        <div class="log">
          <p class="log-head muted">What the programs printed</p>
          <LogBox lines={lines} start={output.start} empty={undefined} />
        </div>
      )}
    </div>
  );
}

function Step({
  of: { title, unit, done, total, note, startedAt, end },
  now,
}: {
  of: ShownStep;
  now: number;
}): JSX.Element {
  const amount = (count: number): string => (unit === 'bytes' ? bytes(count) : count.toLocaleString('en'));
  return (
    <li class={end?.outcome ?? 'running'}>
      <span class="step-title">
        <WithCode text={title} />
        <span class="hidden">: {end === undefined ? 'goes on' : outcomes[end.outcome]}</span>
      </span>
      <span class="muted step-detail">
        {end === undefined ? (
          <>
            {done > 0 && `${amount(done)}${total === undefined ? '' : ` of ${amount(total)}`}`}
            {note !== undefined && ` ${note}`}
          </>
        ) : (
          (end.detail ?? (end.outcome === 'done' ? '' : outcomes[end.outcome]))
        )}
      </span>
      <span class="muted number step-time">
        {end?.outcome === 'left'
          ? ''
          : duration(end === undefined ? Math.max(0, now - Date.parse(startedAt)) / 1000 : end.ms / 1000)}
      </span>
      {end === undefined && total !== undefined && total > 0 && (
        <progress aria-label={title} value={Math.min(done, total)} max={total} />
      )}
    </li>
  );
}

function useProgress(
  build: string,
  onEnd: () => void,
): { progress: BuildProgress; isLive: boolean; problem: Problem | undefined } {
  const [progress, setProgress] = useState(noProgress);
  const [isLive, setLive] = useState(true);
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  useEffect(() => {
    const gone = new AbortController();
    setProgress(noProgress);
    setLive(true);
    setProblem(undefined);
    let waiting: TimedEvent[] = [];
    const flush = (): void => {
      if (waiting.length === 0) return;
      const events = waiting;
      waiting = [];
      setProgress((before) => addEvents(before, events));
    };
    const timer = setInterval(flush, 100);
    gone.signal.addEventListener('abort', () => clearInterval(timer));
    followEvents(`/builds/${encodeURIComponent(build)}/events`, {
      from: 0,
      signal: gone.signal,
      take: (name, data) => {
        if (name === 'progress') waiting.push(data as TimedEvent);
      },
      end: () => {
        clearInterval(timer);
        flush();
        setProgress(endSteps);
        setLive(false);
        onEnd();
      },
    }).catch((error: unknown) => {
      if (!gone.signal.aborted) setProblem(problemOf(error));
    });
    return () => gone.abort();
  }, [build]);
  return { progress, isLive, problem };
}
