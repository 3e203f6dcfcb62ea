import * as z from 'zod';

/** Text of a request. NUL is no text: neither database takes it. */
export const Text = (maximum: number) =>
  z
    .string()
    .max(maximum)
    .refine((text) => !text.includes('\0'), 'must not hold a NUL character');

/** A reference to an environment: `name`, `name:version`, `name@latest`. */
export const ReferenceText = Text(600).min(1);

export const TagMap = z.record(Text(100).min(1), Text(1000));

/** `a=b&a=c` and `a=b` alike. */
export const Repeated = z
  .union([Text(1200), z.array(Text(1200))])
  .transform((value) => (typeof value === 'string' ? [value] : value));

/** A number in a query. */
export const WholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, `must be from ${minimum} to ${maximum}`)
    .meta({ type: 'integer', minimum, maximum });

export const Flag = z.enum(['true', 'false']).transform((value) => value === 'true');
