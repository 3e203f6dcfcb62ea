import { AppError, type ErrorCode, isAppError } from '../errors/index.ts';
import { formatPosition, type Position } from './position.ts';

/** One thing that is wrong in a file. */
export interface Problem {
  /** Which rule it breaks, of those that have a name; it does not change. */
  code?: string;
  position: Position;
  /** What was found and what is allowed, without the position. */
  message: string;
  hint?: string;
}

/**
 * @throws AppError with all of them in `details.problems`, and the first few in its message. One problem's hint is the error's; of several, each
 * stands below its own.
 */
export function throwProblems(code: ErrorCode, problems: readonly Problem[]): never {
  throw problemsError(code, problems);
}

/** The same error, with the names that its files have for somebody who stands elsewhere. An error without positions comes back as it is. */
export function withShownFiles(error: unknown, shown: (file: string) => string): unknown {
  if (!isAppError(error) || !Array.isArray(error.details?.problems)) return error;
  const problems = error.details.problems as Problem[];
  return problemsError(
    error.code,
    problems.map((problem) => ({ ...problem, position: { ...problem.position, file: shown(problem.position.file) } })),
  );
}

function problemsError(code: ErrorCode, problems: readonly Problem[]): AppError {
  const sorted = [...problems].sort(
    (a, b) => a.position.line - b.position.line || a.position.column - b.position.column,
  );
  const [first, ...others] = sorted;
  if (first === undefined) throw new Error('there is no problem to report');
  const details = { problems: sorted };
  if (others.length === 0) return new AppError(code, lineOf(first), { hint: first.hint, details });
  const shown = [first, ...others.slice(0, 4)].flatMap((problem) =>
    problem.hint === undefined ? [lineOf(problem)] : [lineOf(problem), `  hint: ${problem.hint}`],
  );
  const hidden = others.length - 4;
  if (hidden > 0) shown.push(`… and ${hidden} more`);
  return new AppError(code, shown.join('\n'), { details });
}

function lineOf({ position, message }: Problem): string {
  return `${formatPosition(position)}: ${message}`;
}
