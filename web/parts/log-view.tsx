import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { send } from '../api/client.ts';
import { followLog, type LogEnd } from '../api/follow-log.ts';
import type { Problem } from '../api/types.ts';
import { problemOf } from '../api/use-data.ts';
import { bytes as bytesText } from './format.ts';
import { appendText, type LogLines, noLines, prependBytes, shownLine } from './log-lines.ts';
import { Failure } from './states.tsx';

/** Bytes that are fetched at a time. */
const part = 512_000;
const lineHeight = 20;
const margin = 30;

/** A run's log: its end first, the rest as one scrolls there, what comes as it comes. Text stays text. */
export function LogView({ run, onEnd }: { run: string; onEnd(facts: LogEnd): void }): JSX.Element {
  const [log, setLog] = useState<LogLines | undefined>(undefined);
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const [isLive, setLive] = useState(true);
  const [top, setTop] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const isFetching = useRef(false);
  const grown = useRef(0);
  useEffect(() => {
    const gone = new AbortController();
    const watch = async (): Promise<void> => {
      const { size } = await readPart(run, { from: 0, limit: 0 }, gone.signal);
      const from = Math.max(0, size - part);
      const { bytes } = await readPart(run, { from, limit: size - from }, gone.signal);
      // Whole lines: what is after the last break comes with the stream.
      const end = bytes.lastIndexOf(10) + 1;
      const begin = prependBytes({ ...noLines, start: from + end }, bytes.subarray(0, end));
      setLog(begin);
      let waiting = '';
      const flush = (): void => {
        if (waiting === '') return;
        const text = waiting;
        waiting = '';
        setLog((before) => appendText(before ?? begin, text));
      };
      const timer = setInterval(flush, 100);
      gone.signal.addEventListener('abort', () => clearInterval(timer));
      await followLog(run, {
        from: from + end,
        signal: gone.signal,
        log: (text) => {
          waiting += text;
        },
        end: (facts) => {
          clearInterval(timer);
          flush();
          setLive(false);
          onEnd(facts);
        },
      });
    };
    setLog(undefined);
    setProblem(undefined);
    setLive(true);
    watch().catch((error: unknown) => {
      if (!gone.signal.aborted) setProblem(problemOf(error));
    });
    return () => gone.abort();
  }, [run]);
  useLayoutEffect(() => {
    if (box.current === null) return;
    // What was looked at stays where it was when lines come above it.
    if (grown.current > 0) box.current.scrollTop += grown.current * lineHeight;
    else if (isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
    grown.current = 0;
    setTop(box.current.scrollTop);
  }, [log]);
  const fetchBefore = async (): Promise<void> => {
    if (log === undefined || log.start === 0 || isFetching.current) return;
    isFetching.current = true;
    try {
      const from = Math.max(0, log.start - part);
      const { bytes } = await readPart(run, { from, limit: log.start - from }, undefined);
      setLog((before) => {
        if (before === undefined || before.start !== log.start) return before;
        const next = prependBytes(before, bytes);
        grown.current = next.lines.length - before.lines.length;
        return next;
      });
    } finally {
      isFetching.current = false;
    }
  };
  const scrolled = (): void => {
    if (box.current === null) return;
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    isAtEnd.current = scrollTop + clientHeight >= scrollHeight - 4;
    setTop(scrollTop);
    if (scrollTop < 40 * lineHeight) fetchBefore().catch((error: unknown) => setProblem(problemOf(error)));
  };
  if (problem !== undefined) return <Failure problem={problem} />;
  const lines = log === undefined ? [] : log.rest === '' ? log.lines : [...log.lines, log.rest];
  const first = Math.max(0, Math.floor(top / lineHeight) - margin);
  const last = Math.min(lines.length, Math.ceil((top + (box.current?.clientHeight ?? 600)) / lineHeight) + margin);
  return (
    <div class="log">
      <p class="log-head muted">
        {log !== undefined && log.start > 0 && <>The end of the log; {bytesText(log.start)} before it. </>}
        {isLive ? <span class="status running">live</span> : 'complete'}
        <button
          type="button"
          class="link log-all"
          onClick={() => void save(run).catch((error: unknown) => setProblem(problemOf(error)))}
        >
          Save the whole log
        </button>
      </p>
      <div ref={box} class="log-box" tabIndex={0} role="log" aria-label="Log" aria-live="off" onScroll={scrolled}>
        {lines.length === 0 && log !== undefined && (
          <p class="muted log-empty">{isLive ? 'Nothing printed yet' : 'It printed nothing'}</p>
        )}
        <div class="log-lines" style={{ height: `${lines.length * lineHeight}px` }}>
          <pre style={{ transform: `translateY(${first * lineHeight}px)` }}>
            {lines
              .slice(first, last)
              .map((line) => shownLine(line))
              .join('\n')}
          </pre>
        </div>
      </div>
    </div>
  );
}

async function save(run: string): Promise<void> {
  const answer = await send(`/runs/${encodeURIComponent(run)}/logs`, {});
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${run}.log`;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function readPart(
  run: string,
  { from, limit }: { from: number; limit: number },
  signal: AbortSignal | undefined,
): Promise<{ bytes: Uint8Array; size: number }> {
  const answer = await send(`/runs/${encodeURIComponent(run)}/logs?from=${from}&limit=${limit}`, { signal });
  return { bytes: new Uint8Array(await answer.arrayBuffer()), size: Number(answer.headers.get('log-size') ?? 0) };
}
