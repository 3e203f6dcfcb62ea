import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { send } from '../api/client.ts';
import { followEvents } from '../api/follow-events.ts';
import type { Problem } from '../api/types.ts';
import { problemOf } from '../api/use-data.ts';
import { bytes as bytesText } from './format.ts';
import { LogBox } from './log-box.tsx';
import { appendText, type LogLines, noLines, prependBytes } from './log-lines.ts';
import { Failure } from './states.tsx';

/** Bytes that are fetched at a time. */
const part = 512_000;

/** A run's log: its end first, the rest as one scrolls there, what comes as it comes. */
export function LogView({ run, onEnd }: { run: string; onEnd(): void }): JSX.Element {
  const [log, setLog] = useState<LogLines | undefined>(undefined);
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const [isLive, setLive] = useState(true);
  const isFetching = useRef(false);
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
      await followEvents(`/runs/${encodeURIComponent(run)}/events`, {
        from: from + end,
        signal: gone.signal,
        take: (name, data) => {
          if (name === 'log') waiting += (data as { text: string }).text;
        },
        end: () => {
          clearInterval(timer);
          flush();
          setLive(false);
          onEnd();
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
  const fetchBefore = async (): Promise<void> => {
    if (log === undefined || log.start === 0 || isFetching.current) return;
    isFetching.current = true;
    try {
      const from = Math.max(0, log.start - part);
      const { bytes } = await readPart(run, { from, limit: log.start - from }, undefined);
      setLog((before) => (before?.start === log.start ? prependBytes(before, bytes) : before));
    } finally {
      isFetching.current = false;
    }
  };
  const fail = (error: unknown): void => setProblem(problemOf(error));
  if (problem !== undefined) return <Failure problem={problem} />;
  return (
    <div class="log">
      <p class="log-head muted">
        {log !== undefined && log.start > 0 && <>The end of the log; {bytesText(log.start)} before it. </>}
        {isLive ? <span class="status running">live</span> : 'complete'}
        <button type="button" class="link log-all" onClick={() => void save(run).catch(fail)}>
          Save the whole log
        </button>
      </p>
      <LogBox
        key={run}
        lines={log === undefined ? [] : log.rest === '' ? log.lines : [...log.lines, log.rest]}
        start={log?.start ?? 0}
        empty={log === undefined ? undefined : isLive ? 'Nothing printed yet' : 'It printed nothing'}
        onNearTop={() => void fetchBefore().catch(fail)}
      />
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
