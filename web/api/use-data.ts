import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './client.ts';
import { returns } from './connection.ts';
import type { Problem } from './types.ts';

export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | undefined;
  isLoading: boolean;
  reload(): void;
  /** Shows this, without asking. */
  replace(data: T): void;
}

/** Loads whenever the key changes, on demand, and when the server came back. Undefined as the key loads nothing. What was there stays until the new is there. */
export function useData<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key?: string; data?: T; problem?: Problem; isLoading: boolean }>({
    isLoading: true,
  });
  const [count, setCount] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const revived = returns.value;
  useEffect(() => {
    if (key === undefined) return undefined;
    const gone = new AbortController();
    setState((before) => ({ ...before, isLoading: true }));
    latest.current(gone.signal).then(
      (data) => {
        if (!gone.signal.aborted) setState({ key, data, isLoading: false });
      },
      (error: unknown) => {
        if (gone.signal.aborted) return;
        const problem = problemOf(error);
        // What is on the page stays readable while the server is away, and while somebody logs in again.
        setState((before) =>
          (problem.code === 'UNREACHABLE' || problem.status === 401) && before.key === key && before.data !== undefined
            ? { ...before, isLoading: false }
            : { key, problem, isLoading: false },
        );
      },
    );
    return () => gone.abort();
  }, [key, count, revived]);
  const reload = useCallback(() => setCount((before) => before + 1), []);
  const replace = useCallback((data: T) => setState({ key, data, isLoading: false }), [key]);
  const isOther = state.key !== undefined && state.key !== key;
  return {
    data: key === undefined || isOther ? undefined : state.data,
    problem: key === undefined || isOther ? undefined : state.problem,
    isLoading: key !== undefined && (state.isLoading || isOther),
    reload,
    replace,
  };
}

export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  return {
    type: 'about:blank',
    title: error instanceof Error ? error.message : String(error),
    status: 0,
    code: 'INTERNAL',
    hint: 'Load the page again.',
  };
}
