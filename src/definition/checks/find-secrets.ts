import type { ReadResult } from '../read-result.ts';
import type { Finding } from './finding.ts';
import { secretRules } from './rules-secrets.ts';

type Secret = Pick<Finding, 'code' | 'message' | 'help' | 'explanation'>;

/** What in a definition only its author should know. */
export function findSecrets(read: Omit<ReadResult, 'locate' | 'span'>): Secret[] {
  const placeless = { ...read, locate: () => undefined, span: () => undefined };
  const facts = { today: '' };
  return secretRules.flatMap(({ code, explanation, run }) =>
    run(placeless, facts).map(({ message, help }) => ({ code, message, help, explanation })),
  );
}
