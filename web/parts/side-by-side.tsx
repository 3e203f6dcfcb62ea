import type { JSX } from 'preact';
import { beside, type DiffLine, diffLines } from './diff-lines.ts';

/** Two texts beside each other, what differs in colour and with a sign. */
export function SideBySide({ path, from, to }: { path: string; from: string; to: string }): JSX.Element {
  const rows = beside(diffLines(from, to));
  return (
    <figure class="file">
      <figcaption>{path}</figcaption>
      <div class="scroll-x" tabIndex={0} role="group" aria-label={`What differs in ${path}`}>
        <table class="side-by-side">
          <tbody>
            {rows.map(({ left, right }, index) => (
              <tr key={index}>
                <Side of={left} number={left?.from} sign="−" />
                <Side of={right} number={right?.to} sign="+" />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

function Side({
  of,
  number,
  sign,
}: {
  of: DiffLine | undefined;
  number: number | undefined;
  sign: string;
}): JSX.Element {
  const name = of === undefined ? 'none' : of.kind;
  return (
    <>
      <td class={`number ${name}`} aria-hidden="true">
        {number}
      </td>
      <td class={name}>
        {of !== undefined && <span class="sign">{of.kind === 'same' ? '' : sign}</span>}
        <code>{of?.text}</code>
      </td>
    </>
  );
}
