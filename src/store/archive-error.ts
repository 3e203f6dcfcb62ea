import { AppError } from '../errors/index.ts';

/** The archive is broken or cut off. `label` names it, `what` says what is wrong with it. */
export function corrupt(label: string, what: string, cause?: unknown): AppError {
  return new AppError('CORRUPT_ARCHIVE', `\`${label}\` is damaged: ${what}`, {
    hint: 'Nothing of it was kept. If it happens again, the index serves a broken file.',
    cause,
  });
}

/** The archive is not what an honest tool writes. */
export function hostile(label: string, what: string, cause?: unknown): AppError {
  return new AppError('HOSTILE_ARCHIVE', `\`${label}\` is refused: ${what}`, {
    hint: 'No honest tool makes such an archive. Nothing of it was kept.',
    cause,
  });
}

/** A member's name for a message: what does not show is made visible, and it is not too long. */
export function showName(name: string): string {
  const visible = JSON.stringify(name).slice(1, -1);
  return `\`${visible.length > 120 ? `${visible.slice(0, 120)}…` : visible}\``;
}
