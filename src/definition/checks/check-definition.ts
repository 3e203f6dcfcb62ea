import type { ReadResult } from '../read-result.ts';
import { createLocatePart } from '../written-place.ts';
import type { Finding, Place } from './finding.ts';
import { checkRules } from './rules.ts';

export interface CheckFacts {
  /** The name under which it is or will be registered. */
  name?: string;
  /** ISO date; today's if not given. */
  today?: string;
}

/** Everything that the rules find, in the order of the files. */
export function checkDefinition(read: ReadResult, facts: CheckFacts = {}): Finding[] {
  const ruleFacts = { name: facts.name, today: facts.today ?? new Date().toISOString() };
  const findings = checkRules.flatMap(({ code, severity, explanation, run }) =>
    run(read, ruleFacts).map(
      ({ message, help, fix, ...place }): Finding => ({
        code,
        severity,
        message,
        explanation,
        position: positionOf(read, place),
        help,
        fix,
      }),
    ),
  );
  const order = new Map(read.sources.map(({ path }, index) => [path, index]));
  return findings.sort((a, b) => {
    const [left, right] = [a.position, b.position];
    if (left === undefined || right === undefined)
      return Number(left !== undefined) - Number(right !== undefined) || (a.code < b.code ? -1 : 1);
    return (
      (order.get(left.file) ?? 0) - (order.get(right.file) ?? 0) ||
      left.line - right.line ||
      left.column - right.column ||
      (a.code < b.code ? -1 : 1)
    );
  });
}

function positionOf(read: ReadResult, { path, about, position }: Place): Finding['position'] {
  if (position !== undefined) return position;
  const span = about === undefined ? undefined : read.span(path);
  const source = read.sources.find((each) => each.path === span?.file);
  return span === undefined || source === undefined ? read.locate(path) : createLocatePart(source, span)(about);
}
