import { findSecrets } from '../../definition/checks/index.ts';
import type { ReadResult } from '../../definition/index.ts';
import { AppError } from '../../errors/index.ts';

/**
 * Refuses a definition that would show a secret to everybody in a workspace that is shared, for ever.
 * @throws AppError CHECK_FAILED.
 */
export function refuseSecrets(read: Omit<ReadResult, 'locate' | 'span'>): void {
  const [first, ...others] = findSecrets(read);
  if (first === undefined) return;
  const { code, message, help, explanation } = first;
  const rest = others.length === 0 ? '' : `, and ${others.length} more`;
  throw new AppError('CHECK_FAILED', `the definition has a secret in it: ${message}${rest}`, {
    hint: help ?? explanation,
    details: { codes: [...new Set([code, ...others.map((each) => each.code)])] },
  });
}
