import * as z from 'zod';

/**
 * Schemas that are made from now on are interpreted. Else each is compiled when it is first used, which a process that reads a few documents and ends
 * never gets back.
 */
export function interpretSchemas(): void {
  z.config({ jitless: true });
}
