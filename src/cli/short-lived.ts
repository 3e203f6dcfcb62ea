import * as z from 'zod';

/**
 * For commands that end soon: schemas that are made from now on are interpreted. Else each is compiled when it is first used, which a process that
 * reads a few documents never gets back. A file of its own: whoever asks for the version does not wait for schemas.
 */
export function expectToEndSoon(): void {
  z.config({ jitless: true });
}
