import { type Position, positionAt, type SourceDocument } from '../documents/index.ts';
import type { Span } from './read-result.ts';

/** White space, and the backslash that continues a line: both are one blank in a definition. */
const gap = '(?:\\\\\\r?\\n|\\s)+';

/**
 * Where a text stands within a span of its source, though it has one blank there for whatever white space was written; the last place, if there are
 * several: what is wrong with `foo ; foo` is the marker.
 */
export function findWritten(source: SourceDocument, span: Span, text: string): Span | undefined {
  const words = text.split(/\s+/).map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const written = source.text.slice(span.start, span.end);
  const match = [...written.matchAll(new RegExp(words.join(gap), 'g'))].at(-1);
  if (match === undefined || match[0] === '') return undefined;
  const start = span.start + match.index;
  return { file: span.file, start, end: start + match[0].length };
}

/** The spans of the texts that one span was split into, in their order; the whole one for what is written otherwise (escapes of YAML). */
export function splitSpan(source: SourceDocument, span: Span, texts: readonly string[]): Span[] {
  if (texts.length < 2) return texts.map(() => span);
  let end = span.end;
  const spans = [...texts].reverse().map((text) => {
    const found = findWritten(source, { ...span, end }, text);
    if (found !== undefined) end = found.start;
    return found ?? span;
  });
  return spans.reverse();
}

/** Where a part of an entry stands; its beginning for what is not given, or written otherwise. */
export type LocatePart = (part?: string) => Position;

export function createLocatePart(source: SourceDocument, span: Span): LocatePart {
  return (part) => {
    const found = part === undefined ? undefined : findWritten(source, span, part);
    return positionAt(source, (found ?? span).start);
  };
}
