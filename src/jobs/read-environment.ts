import { resolve } from 'node:path';
import { parseYaml, type SourceDocument } from '../documents/index.ts';
import { type CommandJob, canonicalJson } from '../schema/index.ts';
import { type JobReader, withoutScheme } from './job-reader.ts';

type JobEnvironment = CommandJob['environment'];

/**
 * `environment`: a reference, the path of an environment file (which comes out absolute), or a definition inline. The caller's own wins.
 * Undefined if there is none, which is reported.
 */
export function readEnvironment(reader: JobReader): JobEnvironment | undefined {
  const { shape, options } = reader;
  const path = ['environment'];
  if (options.environment !== undefined) return { kind: 'reference', reference: options.environment };
  const found = shape.value(path);
  if (found === undefined || found === null) {
    shape.report(
      path,
      'the job has no `environment`',
      'Name one (`environment: iris:3`), write its definition below it, or give it with `--env`.',
      'key',
    );
    return undefined;
  }
  if (typeof found === 'object' && !Array.isArray(found)) return readInline(reader, found as Record<string, unknown>);
  const text = shape.text(path)?.trim();
  if (text === undefined) return undefined;
  if (text === '') shape.report(path, '`environment` is empty', 'Name one: `environment: iris:3`.');
  return { kind: 'reference', reference: isFilePath(text) ? resolve(options.folder, withoutScheme(text)) : text };
}

function readInline(reader: JobReader, value: Record<string, unknown>): JobEnvironment {
  for (const key of ['name', 'version'].filter((name) => Object.hasOwn(value, name))) {
    reader.notes.push(`the \`${key}\` of the job’s inline environment is not used: an inline environment is anonymous`);
  }
  return { kind: 'inline', source: inlineSource(reader, value) };
}

/** The definition's text alone, every character at its place in the job file, so that messages about it name the right line and column. */
function inlineSource({ shape }: JobReader, value: unknown): string {
  const { source } = shape.document;
  const range = shape.document.range(['environment']);
  const cut = range === undefined ? '' : cutOut(source.text, range);
  return isSameDocument({ path: source.path, text: cut }, value) ? cut : JSON.stringify(value, undefined, 2);
}

function cutOut(text: string, { start, end }: { start: number; end: number }): string {
  const lines = text.slice(0, start).split('\n');
  const column = lines.at(-1)?.length ?? 0;
  return `${'\n'.repeat(lines.length - 1)}${' '.repeat(column)}${text.slice(start, end)}`;
}

/** An alias whose anchor stands elsewhere in the job does not survive the cut. */
function isSameDocument(source: SourceDocument, value: unknown): boolean {
  try {
    return canonicalJson(parseYaml(source, 'INVALID_JOB').value) === canonicalJson(value);
  } catch {
    return false;
  }
}

function isFilePath(text: string): boolean {
  return (
    text.startsWith('file:') ||
    text.startsWith('./') ||
    text.startsWith('../') ||
    text.startsWith('/') ||
    /^[^:@]+\.(?:ya?ml|txt|json)$/i.test(text)
  );
}
