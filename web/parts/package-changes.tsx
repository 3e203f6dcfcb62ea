import type { JSX } from 'preact';
import type { Diff } from '../api/types.ts';
import { plural } from './format.ts';

const directions: Record<string, [string, string]> = {
  up: ['↑', 'up'],
  down: ['↓', 'down'],
  rebuilt: ['↻', 'rebuilt'],
};

/** Packages that came, went and moved. */
export function PackageChanges({ of: { added, removed, changed } }: { of: Diff['packages'] }): JSX.Element {
  if (added.length + removed.length + changed.length === 0) return <p class="muted">The packages are the same.</p>;
  return (
    <>
      <p class="muted">
        {[
          changed.length > 0 && `${changed.length} moved`,
          added.length > 0 && `${plural(added.length, 'package')} added`,
          removed.length > 0 && `${removed.length} removed`,
        ]
          .filter(Boolean)
          .join(', ')}
      </p>
      <ul class="changes">
        {changed.map((each) => {
          const [sign, word] = directions[String(each.direction)] ?? ['→', 'moved'];
          return (
            <li key={`moved ${each.name}`} class={`moved ${word}`}>
              <span class="sign" title={word} aria-label={word}>
                {sign}
              </span>
              <strong>{each.name}</strong>
              <code>
                {each.from} → {each.to}
              </code>
            </li>
          );
        })}
        {added.map((each) => (
          <li key={`added ${each.name}`} class="to">
            <span class="sign" aria-label="added">
              +
            </span>
            <strong>{each.name}</strong>
            <code>{each.version}</code>
          </li>
        ))}
        {removed.map((each) => (
          <li key={`removed ${each.name}`} class="from">
            <span class="sign" aria-label="removed">
              −
            </span>
            <strong>{each.name}</strong>
            <code>{each.version}</code>
          </li>
        ))}
      </ul>
    </>
  );
}
