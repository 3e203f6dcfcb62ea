import type { ComponentChildren, JSX } from 'preact';
import type { Problem } from '../api/types.ts';
import { WithCode } from './with-code.tsx';

export function Failure({ problem, onRetry }: { problem: Problem; onRetry?: () => void }): JSX.Element {
  return (
    <div class="state failure" role="alert">
      <p class="state-title">
        <WithCode text={capital(problem.title)} />
      </p>
      {problem.hint !== undefined && (
        <p>
          <WithCode text={problem.hint} />
        </p>
      )}
      <p class="muted">
        <code>{problem.code}</code>
        {problem.instance !== undefined && <> · request {problem.instance}</>}
      </p>
      {onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="state">
      <p class="state-title">{title}</p>
      {children}
    </div>
  );
}

/** Lines where text will be; shown only after a moment, so that a quick answer does not flicker. */
export function Loading({ lines = 5 }: { lines?: number }): JSX.Element {
  return (
    <div class="loading" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} class="bone" />
      ))}
    </div>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
