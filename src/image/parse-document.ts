import type * as z from 'zod';
import { AppError } from '../errors/index.ts';

/** JSON of a given shape. @throws AppError INVALID_IMAGE. */
export function parseDocument<T>(
  bytes: Uint8Array,
  schema: z.ZodType<T>,
  { name, what }: { name: string; what: string },
): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw invalid(name, `${what} is no JSON`, error);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(name, `${what} is wrong at \`${issue?.path.join('.')}\`: ${issue?.message}`);
}

/** `what` completes "is no valid image: …". */
export function invalid(name: string, what: string, cause?: unknown): AppError {
  return new AppError('INVALID_IMAGE', `\`${name}\` is no valid image: ${what}`, {
    hint: 'Take another image, or ask those who publish it.',
    cause,
  });
}
