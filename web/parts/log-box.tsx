import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { shownLine } from './log-lines.ts';

/** Pixels. */
const lineHeight = 20;
/** Lines above and below what can be seen. */
const margin = 30;

interface Props {
  lines: readonly string[];
  /** Where in the whole log the first line begins: when it moves up, lines have come above. */
  start: number;
  /** What stands there without a line. */
  empty: string | undefined;
  onNearTop?(): void;
}

/** Lines of text, of which only those that can be seen are drawn. Who looks at the end stays there as it grows. Text stays text. */
export function LogBox({ lines, start, empty, onNearTop }: Props): JSX.Element {
  const [top, setTop] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const shown = useRef({ start, count: lines.length });
  useLayoutEffect(() => {
    if (box.current === null) return;
    // What was looked at stays where it was when lines come above it.
    const { start: before, count } = shown.current;
    if (start < before) box.current.scrollTop += (lines.length - count) * lineHeight;
    else if (isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
    shown.current = { start, count: lines.length };
    setTop(box.current.scrollTop);
  }, [lines, start]);
  const scrolled = (): void => {
    if (box.current === null) return;
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    isAtEnd.current = scrollTop + clientHeight >= scrollHeight - 4;
    setTop(scrollTop);
    if (scrollTop < 40 * lineHeight) onNearTop?.();
  };
  const first = Math.max(0, Math.floor(top / lineHeight) - margin);
  const last = Math.min(lines.length, Math.ceil((top + (box.current?.clientHeight ?? 600)) / lineHeight) + margin);
  return (
    <div ref={box} class="log-box" tabIndex={0} role="log" aria-label="Log" aria-live="off" onScroll={scrolled}>
      {lines.length === 0 && empty !== undefined && <p class="muted log-empty">{empty}</p>}
      <div class="log-lines" style={{ height: `${lines.length * lineHeight}px` }}>
        <pre style={{ transform: `translateY(${first * lineHeight}px)` }}>
          {lines
            .slice(first, last)
            .map((line) => shownLine(line))
            .join('\n')}
        </pre>
      </div>
    </div>
  );
}
