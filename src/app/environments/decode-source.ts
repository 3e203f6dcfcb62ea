import { AppError } from '../../errors/index.ts';

/** The text of a definition's file. @throws AppError INVALID_DEFINITION for what is no UTF-8 text. */
export function decodeSource(bytes: Uint8Array, path: string): string {
  try {
    const text = new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8', {
      fatal: true,
      ignoreBOM: true,
    }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Falls through to the error.
  }
  throw new AppError('INVALID_DEFINITION', `\`${path}\` is no UTF-8 text`, { hint: 'Save it as UTF-8.' });
}
