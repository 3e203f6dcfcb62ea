import type { SourceDocument } from '../documents/index.ts';
import type { Span } from './read-result.ts';

/** A replacement in a source text. */
export interface TextEdit {
  file: string;
  start: number;
  end: number;
  text: string;
}

/** Applies edits, the last place first; of edits that overlap the later in the list is left out. */
export function applyEdits(sources: readonly SourceDocument[], edits: readonly TextEdit[]): SourceDocument[] {
  return sources.map((source) => {
    const own = edits.filter(({ file }) => file === source.path);
    const accepted: TextEdit[] = [];
    for (const edit of own) {
      const overlaps = accepted.some((other) => edit.start < other.end && other.start < edit.end);
      if (!overlaps) accepted.push(edit);
    }
    // Stable: insertions at the same place keep the order in which they were asked for.
    const ordered = accepted
      .map((edit, index) => ({ edit, index }))
      .sort((a, b) => b.edit.start - a.edit.start || b.index - a.index);
    let { text } = source;
    for (const { edit } of ordered) text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
    return { ...source, text };
  });
}

/** What a source is written in: it decides on quotes and commas. */
export type SourceStyle = 'yaml' | 'text';

/** Replaces an item's text; its quotes, if it has some, stay. */
export function replaceSpan(
  sources: readonly SourceDocument[],
  span: Span,
  { text, style }: { text: string; style: SourceStyle },
): TextEdit {
  if (style === 'text') return { ...span, text };
  const source = textOf(sources, span);
  const quote = /^(["']).*\1$/s.exec(source.slice(span.start, span.end))?.[1];
  return { ...span, text: quote === undefined ? quoteIfNeeded(text, isInFlow(source, span)) : quoted(text, quote) };
}

/** A new item behind the one at `span`: on a line of its own, or in a flow list behind a comma. */
export function insertItem(
  sources: readonly SourceDocument[],
  span: Span,
  { text, style }: { text: string; style: SourceStyle },
): TextEdit {
  const source = textOf(sources, span);
  const lead = leadOf(source, span);
  const lineEnd = endOfLine(source, span.end);
  const lineBreak = source.includes('\r\n') ? '\r\n' : '\n';
  const body = text.replaceAll('\n', lineBreak);
  const at = { file: span.file, start: lineEnd, end: lineEnd };
  if (style === 'text') return { ...at, text: `${lineBreak}${/^\s*/.exec(lead)?.[0] ?? ''}${body}` };
  const bullet = /^(\s*)((?:-\s+)+)$/.exec(lead);
  if (bullet !== null) {
    const indent = `${bullet[1] ?? ''}${(bullet[2] ?? '').slice(0, -2).replaceAll('-', ' ')}- `;
    return { ...at, text: `${lineBreak}${indent}${text.includes('\n') ? body : quoteIfNeeded(body, false)}` };
  }
  const json = span.file.endsWith('.json');
  return {
    file: span.file,
    start: span.end,
    end: span.end,
    text: `, ${json ? JSON.stringify(body) : quoteIfNeeded(body, true)}`,
  };
}

/** Takes an item away with its line, or in a flow list with a comma. */
export function removeItem(sources: readonly SourceDocument[], span: Span): TextEdit {
  const source = textOf(sources, span);
  const lineStart = source.lastIndexOf('\n', span.start - 1) + 1;
  if (/^\s*(?:-\s+)?$/.test(source.slice(lineStart, span.start))) {
    const lineEnd = source.indexOf('\n', span.end);
    return { file: span.file, start: lineStart, end: lineEnd === -1 ? source.length : lineEnd + 1, text: '' };
  }
  const after = /^\s*,\s*/.exec(source.slice(span.end));
  if (after !== null) return { file: span.file, start: span.start, end: span.end + after[0].length, text: '' };
  const before = /\s*,\s*$/.exec(source.slice(0, span.start));
  return { file: span.file, start: span.start - (before?.[0].length ?? 0), end: span.end, text: '' };
}

/** A key that a file does not have yet. */
export interface NewKey {
  key: string;
  value: string;
}

/** A new top-level key behind everything else, in the file's own line ends. */
export function appendKey({ path, text }: SourceDocument, { key, value }: NewKey): TextEdit {
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  const gap = text === '' || text.endsWith('\n') ? '' : lineBreak;
  return { file: path, start: text.length, end: text.length, text: `${gap}${key}: ${value}${lineBreak}` };
}

/** Sets a top-level key of a YAML text that does not have it. */
export function setTopLevel(text: string, key: string, value: string): string {
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${gap}${key}: ${value}\n`;
}

function textOf(sources: readonly SourceDocument[], span: Span): string {
  const source = sources.find(({ path }) => path === span.file);
  if (source === undefined) throw new Error(`no source ${span.file}`);
  return source.text;
}

function endOfLine(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  if (newline === -1) return text.length;
  return text[newline - 1] === '\r' ? newline - 1 : newline;
}

/** What stands before the item on its line. */
function leadOf(source: string, span: Span): string {
  return source.slice(source.lastIndexOf('\n', span.start - 1) + 1, span.start);
}

export function isInFlow(source: string, span: Span): boolean {
  return !/^\s*(?:-\s+)+$/.test(leadOf(source, span));
}

function quoted(text: string, quote: string): string {
  return quote === '"' ? JSON.stringify(text) : `'${text.replaceAll("'", "''")}'`;
}

/** YAML reads `>=1` at the start of a scalar as a folded text, ` #` as a comment, and in a flow list a comma as the item's end. */
export function quoteIfNeeded(text: string, flow: boolean): string {
  const plain = /^[A-Za-z0-9](?:[^:#"'{}[\],&*!|%@`]|\[[\w,-]+\]|,|:(?=\S))*$/.test(text);
  return plain && !(flow && /[,[\]]/.test(text)) ? text : quoted(text, '"');
}
