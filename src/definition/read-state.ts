import { type Position, type Problem, positionAt, type SourceDocument } from '../documents/index.ts';
import { sha256 } from '../schema/index.ts';
import type { FileAccess, ReferencedFile } from './file-access.ts';
import type { ReadWarning, Span } from './read-result.ts';

type Path = readonly (string | number)[];

/** What gathers while a definition is read. */
export interface ReadState {
  files: FileAccess;
  sources: SourceDocument[];
  referenced: Map<string, ReferencedFile>;
  /** See `ReadResult`. */
  localNames: Map<string, string>;
  problems: Problem[];
  warnings: ReadWarning[];
  /** Notes where a part of the definition stands. */
  mark(path: Path, span: Span): void;
  locate(path: Path): Position | undefined;
  span(path: Path): Span | undefined;
}

export function createReadState(main: SourceDocument, files: FileAccess): ReadState {
  const spans = new Map<string, Span>();
  const sources = [main];
  const span = (path: Path): Span | undefined => spans.get(JSON.stringify(path));
  return {
    files,
    sources,
    referenced: new Map(),
    localNames: new Map(),
    problems: [],
    warnings: [],
    mark: (path, place) => spans.set(JSON.stringify(path), place),
    span,
    locate: (path) => {
      for (let length = path.length; length >= 0; length -= 1) {
        const found = span(path.slice(0, length));
        const source = found === undefined ? undefined : sources.find(({ path: file }) => file === found.file);
        if (found !== undefined && source !== undefined) return positionAt(source, found.start);
      }
      return undefined;
    },
  };
}

/**
 * Reads a text file that the definition names, and keeps it. Reports a missing file, a folder, and bytes that are no UTF-8.
 * `where` is the place that names it.
 */
export async function readReferencedText(
  state: ReadState,
  path: string,
  where: Position,
): Promise<SourceDocument | undefined> {
  const bytes = await state.files.readBytes(path);
  if (bytes === undefined) {
    const kind = await state.files.kind(path);
    state.problems.push({
      position: where,
      message: kind === 'folder' ? `\`${path}\` is a folder, not a file` : `the file \`${path}\` does not exist`,
      hint: 'Paths are relative to the file that names them.',
    });
    return undefined;
  }
  const text = decodeText(bytes);
  if (text === undefined) {
    state.problems.push({
      position: where,
      message: `the file \`${path}\` is not UTF-8 text`,
      hint: 'Save it as UTF-8.',
    });
    return undefined;
  }
  const known = state.sources.find((source) => source.path === path);
  if (known !== undefined) return known;
  const source = { path, text };
  state.sources.push(source);
  state.referenced.set(path, { path, digest: sha256(bytes), size: bytes.length, kind: 'file' });
  return source;
}

/** The text of UTF-8 bytes (UTF-16 with a byte order mark too); undefined for anything else. */
export function decodeText(bytes: Uint8Array): string | undefined {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    const text = new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
