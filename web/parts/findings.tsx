import type { JSX } from 'preact';
import { WithCode } from './with-code.tsx';

interface Finding {
  code: string;
  severity: 'error' | 'warning' | 'info';
  message: string;
  explanation: string;
  [key: string]: unknown;
}

/** What the analysis rules found. */
export function Findings({ of }: { of: readonly Finding[] }): JSX.Element {
  if (of.length === 0) return <p class="good">The rules find nothing.</p>;
  return (
    <ul class="findings">
      {of.map((finding, index) => (
        <li key={index} class={finding.severity}>
          <details>
            <summary>
              <span class="severity">{finding.severity}</span>
              <span>
                <WithCode text={finding.message} />
              </span>
              <code class="muted">{placeOf(finding)}</code>
            </summary>
            <p>
              <WithCode text={finding.explanation} />
            </p>
            {typeof finding.help === 'string' && (
              <p>
                <strong>What to do:</strong> <WithCode text={finding.help} />
              </p>
            )}
            <p class="muted">
              <code>{finding.code}</code>
            </p>
          </details>
        </li>
      ))}
    </ul>
  );
}

function placeOf({ position }: Finding): string {
  if (typeof position !== 'object' || position === null) return '';
  const { file, line } = position as { file: string; line: number };
  return `${file}:${line}`;
}
