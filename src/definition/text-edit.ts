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

/** Replaces an item's text; its quotes, if it has some, stay. */
export function replaceSpan(sources: readonly SourceDocument[], span: Span, text: string): TextEdit {
  const old = textOf(sources, span).slice(span.start, span.end);
  const quote = /^(["']).*\1$/s.exec(old)?.[1];
  return { ...span, text: quote === undefined ? quoteIfNeeded(text, isYaml(span.file)) : `${quote}${text}${quote}` };
}

/** A new item behind the one at `span`: on a line of its own, or in a flow list behind a comma. */
export function insertItem(sources: readonly SourceDocument[], span: Span, text: string): TextEdit {
  const source = textOf(sources, span);
  const lineStart = source.lastIndexOf('\n', span.start - 1) + 1;
  const lead = source.slice(lineStart, span.start);
  const bullet = /^(\s*)((?:-\s+)+)$/.exec(lead);
  const lineEnd = endOfLine(source, span.end);
  const lineBreak = source.slice(lineEnd - 1, lineEnd) === '\r' || source.includes('\r\n') ? '\r\n' : '\n';
  const body = text.replaceAll('\n', lineBreak);
  if (bullet !== null) {
    const indent = `${bullet[1] ?? ''}${(bullet[2] ?? '').slice(0, -2).replaceAll('-', ' ')}- `;
    return {
      file: span.file,
      start: lineEnd,
      end: lineEnd,
      text: `${lineBreak}${indent}${text.includes('\n') ? body : quoteIfNeeded(body, true)}`,
    };
  }
  if (lead.trim() === '') return { file: span.file, start: lineEnd, end: lineEnd, text: `${lineBreak}${lead}${body}` };
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

function isYaml(file: string): boolean {
  return !/\.(?:txt|in|pip)$/i.test(file);
}

/** YAML reads `>=1` at the start of a scalar as a folded text, and ` #` as a comment. */
function quoteIfNeeded(text: string, yaml: boolean): string {
  if (!yaml || /^[A-Za-z0-9][^:#"'{}[\],&*!|>%@`]*(?:\[[\w,-]+\])?[^:#"'{}&*!|%@`]*$/.test(text)) return text;
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
