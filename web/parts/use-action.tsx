import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Problem } from '../api/types.ts';
import { problemOf } from '../api/use-data.ts';
import { Failure } from './states.tsx';

export interface Action<Input> {
  isGoing: boolean;
  problem: Problem | undefined;
  /** What went wrong, as the page shows it; null as long as nothing did. */
  message: JSX.Element | null;
  start(input: Input): void;
  forget(): void;
}

/** Something that the user sets off: one at a time, and its failure is shown. */
export function useAction<Input = void>(work: (input: Input) => Promise<void>): Action<Input> {
  const [isGoing, setGoing] = useState(false);
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const start = (input: Input): void => {
    if (isGoing) return;
    setGoing(true);
    setProblem(undefined);
    work(input)
      .catch((error: unknown) => {
        const problem = problemOf(error);
        // Whoever has to log in again is told so over the page, and starts it again.
        if (problem.status !== 401) setProblem(problem);
      })
      .finally(() => setGoing(false));
  };
  return {
    isGoing,
    problem,
    message: problem === undefined ? null : <Failure problem={problem} />,
    start,
    forget: () => setProblem(undefined),
  };
}
