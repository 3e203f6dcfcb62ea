import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { returns } from './connection.ts';
import type { Page, Problem } from './types.ts';
import { problemOf } from './use-data.ts';

export interface Pages<T> {
  items: readonly T[];
  problem: Problem | undefined;
  isLoading: boolean;
  isComplete: boolean;
  more(): void;
  reload(): void;
}

interface State<T> {
  key: string;
  items: readonly T[];
  next: string | null | undefined;
  problem?: Problem;
}

/** A list that grows page by page. While another list loads, the one before stays. */
export function usePages<T>(
  key: string,
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>,
): Pages<T> {
  const [state, setState] = useState<State<T>>({ key: '', items: [], next: undefined });
  const [isLoading, setLoading] = useState(true);
  const [count, setCount] = useState(0);
  const going = useRef<AbortController | undefined>(undefined);
  const latest = useRef(load);
  latest.current = load;
  const fetchPage = useCallback((list: string, cursor: string | undefined) => {
    going.current?.abort();
    const gone = new AbortController();
    going.current = gone;
    setLoading(true);
    latest
      .current(cursor, gone.signal)
      .then(
        ({ items, next }) => {
          if (gone.signal.aborted) return;
          setState((before) => ({
            key: list,
            items: cursor === undefined ? items : [...before.items, ...items],
            next,
          }));
        },
        (error: unknown) => {
          if (!gone.signal.aborted) setState((before) => ({ ...before, key: list, problem: problemOf(error) }));
        },
      )
      .finally(() => {
        if (gone.signal.aborted) return;
        going.current = undefined;
        setLoading(false);
      });
  }, []);
  const revived = returns.value;
  useEffect(() => {
    fetchPage(key, undefined);
    return () => {
      going.current?.abort();
      going.current = undefined;
    };
  }, [key, count, revived]);
  const { next } = state;
  const more = useCallback(() => {
    if (going.current === undefined && typeof next === 'string') fetchPage(key, next);
  }, [key, next]);
  const reload = useCallback(() => setCount((before) => before + 1), []);
  return { items: state.items, problem: state.problem, isLoading, isComplete: next === null, more, reload };
}
