import type { JSX } from 'preact';
import { errorCodes } from '../../src/errors/index.ts';
import type { BuildRecord } from '../api/types.ts';
import { WithCode } from './with-code.tsx';

/** Why a build failed, what that means, and what to do. */
export function BuildFailure({ error }: { error: NonNullable<BuildRecord['error']> }): JSX.Element {
  const meaning = Object.entries(errorCodes).find(([code]) => code === error.code)?.[1].meaning;
  return (
    <section class="state failure" aria-label="Why it failed">
      <p class="state-title">
        <WithCode text={error.message.charAt(0).toUpperCase() + error.message.slice(1)} />
      </p>
      {meaning !== undefined && (
        <p>
          <WithCode text={meaning} />
        </p>
      )}
      {error.hint !== undefined && (
        <>
          <h3>What to do</h3>
          <p>
            <WithCode text={error.hint} />
          </p>
        </>
      )}
      <p class="muted">
        <code>{error.code}</code>
      </p>
    </section>
  );
}
