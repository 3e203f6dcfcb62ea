/** A file of the studio, and the same compressed, ready to be sent. */
export interface StudioFile {
  type: string;
  plain: Buffer;
  brotli?: Buffer;
  gzip?: Buffer;
}

/** The studio's files by name; `index.html` is the page, every other name changes with its content. */
export type StudioFiles = ReadonlyMap<string, StudioFile>;

/** The smallest form of a file that the browser takes (RFC 9110, 12.5.3; a coding with `q=0` is refused). */
export function encodeFor(file: StudioFile, accepted: string | undefined): { body: Buffer; coding?: string } {
  const codings = new Set(
    (accepted ?? '')
      .split(',')
      .map((each) => each.trim().toLowerCase())
      .filter((each) => !/;\s*q=0(?:\.0*)?$/.test(each))
      .map((each) => each.split(';')[0]?.trim()),
  );
  if (file.brotli !== undefined && codings.has('br')) return { body: file.brotli, coding: 'br' };
  if (file.gzip !== undefined && codings.has('gzip')) return { body: file.gzip, coding: 'gzip' };
  return { body: file.plain };
}
