import { createHash } from 'node:crypto';

/** As a content security policy names a style. */
export function sha256Base64(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
