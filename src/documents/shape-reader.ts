import { nearest } from './nearest.ts';
import type { Problem } from './problems.ts';
import type { YamlDocument, YamlPath } from './yaml-document.ts';

/**
 * Reads values out of a document and collects what is wrong with them. A reader method answers undefined for a value that is missing or wrong;
 * the wrong ones are in `problems`, and the caller throws them together at the end.
 */
export interface ShapeReader {
  readonly document: YamlDocument;
  readonly problems: Problem[];
  report(path: YamlPath, message: string, hint?: string, which?: 'key' | 'value'): void;
  /** The value at a path, unchecked. */
  value(path: YamlPath): unknown;
  has(path: YamlPath): boolean;
  /** Reports keys that are neither allowed nor tolerated, each with the nearest right spelling. False if there is no map at the path. */
  map(path: YamlPath, allowed: readonly string[], subject?: string, tolerated?: readonly string[]): boolean;
  /** Text; numbers and booleans count with the text that was written. */
  text(path: YamlPath): string | undefined;
  flag(path: YamlPath): boolean | undefined;
  integer(path: YamlPath): number | undefined;
  oneOf<T extends string>(path: YamlPath, allowed: readonly T[], options?: { anyCase?: boolean }): T | undefined;
  list(path: YamlPath): YamlPath[] | undefined;
  textList(path: YamlPath): string[] | undefined;
  /** A map from text to text, values as written. */
  textMap(path: YamlPath): Record<string, string> | undefined;
}

export function createShapeReader(document: YamlDocument): ShapeReader {
  const problems: Problem[] = [];
  const value = (path: YamlPath): unknown =>
    path.reduce<unknown>((current, key) => (isObject(current) ? current[String(key)] : undefined), document.value);
  const report: ShapeReader['report'] = (path, message, hint, which = 'value') => {
    problems.push({ position: document.locate(path, which), message, hint });
  };
  const wrong = (path: YamlPath, wanted: string): undefined => {
    report(path, `${nameOf(path)} must be ${wanted}, not ${describe(value(path))}`);
    return undefined;
  };
  const text = (path: YamlPath): string | undefined => {
    const found = value(path);
    if (found === undefined || found === null) return undefined;
    if (typeof found === 'object') return wrong(path, 'text');
    return document.sourceText(path) ?? String(found);
  };
  const list = (path: YamlPath): YamlPath[] | undefined => {
    const found = value(path);
    if (found === undefined || found === null) return undefined;
    if (!Array.isArray(found)) return wrong(path, 'a list');
    return found.map((_, index) => [...path, index]);
  };

  return {
    document,
    problems,
    report,
    value,
    has: (path) => value(path) !== undefined && value(path) !== null,
    map: (path, allowed, subject, tolerated = []) => {
      const found = value(path);
      if (found === undefined || found === null) return false;
      if (!isObject(found) || Array.isArray(found)) {
        wrong(path, `a map with ${allowed.map((key) => `\`${key}\``).join(', ')}`);
        return false;
      }
      for (const key of Object.keys(found)) {
        if (allowed.includes(key) || tolerated.includes(key)) continue;
        const near = nearest(key, allowed);
        report(
          [...path, key],
          `unknown key \`${key}\`${subject === undefined ? '' : ` in ${subject}`}`,
          `${near === undefined ? '' : `Did you mean \`${near}\`? `}Allowed: ${allowed.map((name) => `\`${name}\``).join(', ')}.`,
          'key',
        );
      }
      return true;
    },
    text,
    flag: (path) => {
      const found = value(path);
      if (found === undefined || found === null || typeof found === 'boolean') return found ?? undefined;
      return wrong(path, '`true` or `false`');
    },
    integer: (path) => {
      const found = value(path);
      if (found === undefined || found === null) return undefined;
      return Number.isInteger(found) ? (found as number) : wrong(path, 'a whole number');
    },
    oneOf: <T extends string>(path: YamlPath, allowed: readonly T[], options: { anyCase?: boolean } = {}) => {
      const found = text(path);
      if (found === undefined) return undefined;
      const match = allowed.find(
        (word) => word === found || (options.anyCase === true && word.toLowerCase() === found.toLowerCase()),
      );
      if (match !== undefined) return match;
      const near = nearest(found, allowed);
      const choices = allowed.map((word) => `\`${word}\``).join(', ');
      report(
        path,
        `${nameOf(path)} is \`${found}\``,
        `${near === undefined ? '' : `Did you mean \`${near}\`? `}Allowed: ${choices}.`,
      );
      return undefined;
    },
    list,
    textList: (path) =>
      list(path)
        ?.map(text)
        .filter((item) => item !== undefined),
    textMap: (path) => {
      const found = value(path);
      if (found === undefined || found === null) return undefined;
      if (!isObject(found) || Array.isArray(found)) return wrong(path, 'a map from names to texts');
      const entries: Record<string, string> = {};
      for (const key of Object.keys(found)) {
        const item = found[key] === null ? '' : text([...path, key]);
        if (item !== undefined) entries[key] = item;
      }
      return entries;
    },
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The last word of a path as the user knows it: "`tags`", "item 3 of `dependencies`". */
function nameOf(path: YamlPath): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  if (typeof last === 'string') return `\`${last}\``;
  return `item ${last + 1} of ${nameOf(path.slice(0, -1))}`;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return value.length > 40 ? 'a text' : `the text \`${value}\``;
  return `\`${String(value)}\``;
}
