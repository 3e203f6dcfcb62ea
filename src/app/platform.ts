import { AppError } from '../errors/index.ts';
import { currentPlatform } from '../io/index.ts';
import { type Platform, Platform as PlatformSchema } from '../schema/index.ts';

/** A platform by its name, or this machine's. @throws AppError USAGE. */
export function readPlatform(name: string | undefined): Platform {
  if (name === undefined) {
    const own = currentPlatform();
    if (own !== undefined) return own;
    throw new AppError('USAGE', 'this machine is of no platform that Terroir knows', {
      hint: `Give --platform: ${PlatformSchema.options.join(', ')}.`,
    });
  }
  const parsed = PlatformSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new AppError('USAGE', `there is no platform \`${name}\``, {
    hint: `Allowed: ${PlatformSchema.options.map((each) => `\`${each}\``).join(', ')}.`,
  });
}
