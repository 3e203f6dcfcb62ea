import type { Position } from '../../documents/index.ts';
import type { ReadResult } from '../read-result.ts';
import type { TextEdit } from '../text-edit.ts';

export type Severity = 'error' | 'warning' | 'info';

/** A repair: edits of the source texts. */
export interface Fix {
  description: string;
  edits: TextEdit[];
}

/** One thing that a rule found. */
export interface Finding {
  code: string;
  severity: Severity;
  message: string;
  /** Why it matters. */
  explanation: string;
  position?: Position;
  /** What to do. */
  help?: string;
  fix?: Fix;
}

/** What a rule answers: the place in the definition, and the words. */
export interface Hit {
  /** In the definition, as `ReadResult.locate` understands it. */
  path: readonly (string | number)[];
  /** The part of that place which it is about, as the definition has it; its beginning, if not given. */
  about?: string;
  /** The place itself, where it is no part of the definition: in a Dockerfile, in what is left out. */
  position?: Position;
  message: string;
  help?: string;
  fix?: Fix;
}

/** Where a hit is. */
export type Place = Pick<Hit, 'path' | 'about' | 'position'>;

/** What is known besides the definition. */
export interface RuleFacts {
  /** The name under which it is or will be registered. */
  name?: string;
  /** Today, as ISO date; for what has an end of life. */
  today: string;
}

/** A rule as a value; docs/checks.md is made from these. */
export interface CheckRule {
  code: string;
  severity: Severity;
  title: string;
  /** Sentences: why it matters, and what to do. */
  explanation: string;
  /** A line that fires it. */
  example: string;
  /** Azure ML has the rule too. */
  azure?: boolean;
  fixable?: boolean;
  run(read: ReadResult, facts: RuleFacts): Hit[];
}
