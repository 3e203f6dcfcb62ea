import { interpretSchemas } from '../schema/index.ts';

/** For commands that end soon. A file of its own: whoever asks for the version does not wait for schemas. */
export function expectToEndSoon(): void {
  interpretSchemas();
}
