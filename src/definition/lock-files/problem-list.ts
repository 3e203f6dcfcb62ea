import { type Problem, positionAt, type SourceDocument, throwProblems } from '../../documents/index.ts';

/** Gathers what is wrong with a lock file, and where. */
export interface ProblemList {
  add(offset: number, message: string, hint?: string): void;
  /** @throws AppError INVALID_DEFINITION with all of them, if there are any. */
  finish(): void;
}

export function createProblemList(source: SourceDocument): ProblemList {
  const problems: Problem[] = [];
  return {
    add: (offset, message, hint) => problems.push({ position: positionAt(source, offset), message, hint }),
    finish: () => {
      if (problems.length > 0) throwProblems('INVALID_DEFINITION', problems);
    },
  };
}
