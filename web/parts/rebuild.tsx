import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

/** Rebuilding can change what comes out: it says so first. */
export function Rebuild({ isGoing, onStart }: { isGoing: boolean; onStart(): void }): JSX.Element {
  const [isAsked, setAsked] = useState(false);
  if (!isAsked)
    return (
      <button type="button" disabled={isGoing} onClick={() => setAsked(true)}>
        Rebuild
      </button>
    );
  return (
    <div class="note warning" role="group" aria-label="Rebuild?">
      <p>
        Packages without a pin may move, and so may the base image. The revisions that are there stay, and whoever uses
        the latest gets the new one.
      </p>
      <p class="actions">
        <button
          type="button"
          class="primary"
          autoFocus
          disabled={isGoing}
          onClick={() => {
            setAsked(false);
            onStart();
          }}
        >
          Rebuild now
        </button>
        <button type="button" onClick={() => setAsked(false)}>
          Leave it
        </button>
      </p>
    </div>
  );
}
