import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
  type YAMLMap,
} from 'yaml';
import type { ErrorCode } from '../errors/index.ts';
import { type Position, positionAt, type SourceDocument } from './position.ts';
import { type Problem, throwProblems } from './problems.ts';

export type YamlPath = readonly (string | number)[];

/** A parsed document that remembers where everything was written. */
export interface YamlDocument {
  source: SourceDocument;
  /** As JSON. Scalars are as YAML 1.2 reads them; `sourceText` has them as written. */
  value: unknown;
  /** Where the value at `path` stands (or its key); the nearest existing ancestor's place if there is none. */
  locate(path: YamlPath, which?: 'key' | 'value'): Position;
  /** The text of a scalar as written, without quotes; undefined if there is no scalar. */
  sourceText(path: YamlPath): string | undefined;
  /** Offsets of the value at `path` into the source text, comments excluded. */
  range(path: YamlPath): { start: number; end: number } | undefined;
}

const maximumAliases = 100;

/**
 * Parses one YAML document (1.2). CRLF, a byte order mark and a missing final newline are fine.
 * @throws AppError `code` for syntax errors, duplicate keys, several documents, an empty file, keys that aren't text.
 */
export function parseYaml(source: SourceDocument, code: ErrorCode): YamlDocument {
  const text = source.text.startsWith('\uFEFF') ? source.text.slice(1) : source.text;
  const shift = source.text.length - text.length;
  const at = (offset: number): Position => positionAt(source, offset + shift);
  const parsed = parseAllDocuments(text, {
    lineCounter: new LineCounter(),
    prettyErrors: false,
    uniqueKeys: true,
    // YAML 1.2 dropped `<<`; PyYAML, which conda and Azure ML read their files with, has it.
    merge: true,
    stringKeys: false,
  });
  const documents = (Array.isArray(parsed) ? parsed : []) as Document.Parsed[];
  const problems: Problem[] = documents.flatMap((document) => [
    ...document.errors.map((error) => ({
      position: at(error.pos[0]),
      ...wording(error.code, error.message, text.slice(error.pos[0])),
    })),
    ...document.warnings
      .filter((warning) => warning.code === 'TAG_RESOLVE_FAILED')
      .map(({ pos: [start, end] }) => ({
        position: at(start),
        message: `the tag \`${text.slice(start, end)}\` has no meaning here`,
        hint: 'Write the value itself; a file is named by its path.',
      })),
  ]);
  if (problems.length > 0) throwProblems(code, firstOfEachLine(problems));
  const [document, second] = documents;
  if (document === undefined || document.contents === null || isEmptyScalar(document.contents)) {
    throwProblems(code, [
      { position: at(0), message: 'the file is empty', hint: 'Write at least one key, such as `requirements:`.' },
    ]);
  }
  if (second !== undefined) {
    throwProblems(code, [
      {
        position: at(second.range[0]),
        message: 'there is a second document (`---`) in the file',
        hint: 'Put each definition into a file of its own.',
      },
    ]);
  }
  const { contents } = document;
  const nodeProblems = [...findOddKeys(contents, at), ...findLostAliases(document, at)];
  if (nodeProblems.length > 0) throwProblems(code, nodeProblems);
  return {
    source,
    value: toPlain(document, code, at),
    locate: (path, which = 'value') => at(placeOf(document, contents, path, which)),
    sourceText: (path) => scalarText(resolve(document, contents, path)),
    range: (path) => {
      const node = resolve(document, contents, path);
      return node?.range ? { start: node.range[0] + shift, end: node.range[1] + shift } : undefined;
    },
  };
}

/** One slip makes the parser stumble several times over the same line. */
function firstOfEachLine(problems: readonly Problem[]): Problem[] {
  return problems.filter(
    ({ position }, index) => problems.findIndex((other) => other.position.line === position.line) === index,
  );
}

function isEmptyScalar(node: Node): boolean {
  return isScalar(node) && (node.value === null || node.value === '') && !node.source;
}

function toPlain(document: Document.Parsed, code: ErrorCode, at: (offset: number) => Position): unknown {
  try {
    return document.toJS({ maxAliasCount: maximumAliases }) as unknown;
  } catch (error) {
    return throwProblems(code, [
      {
        position: at(0),
        message: `the aliases of the file cannot be expanded: ${(error as Error).message}`,
        hint: 'Write the values out.',
      },
    ]);
  }
}

function findOddKeys(node: unknown, at: (offset: number) => Position): Problem[] {
  if (isSeq(node)) return node.items.flatMap((item) => findOddKeys(item, at));
  if (!isMap(node)) return [];
  return node.items.flatMap((pair) => {
    const key = pair.key as Node | null;
    const isWord = isScalar(key) && ['string', 'number', 'boolean'].includes(typeof key.value);
    if (isWord || isMergeKey(key)) return findOddKeys(pair.value, at);
    return [
      {
        position: at(key?.range?.[0] ?? 0),
        message: 'a key must be a word',
        hint: 'If it is a template placeholder such as `{{ x }}`, fill it in first.',
      },
    ];
  });
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && typeof key.value === 'symbol';
}

function findLostAliases(document: Document.Parsed, at: (offset: number) => Position): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) === undefined)
        problems.push({
          position: at(alias.range?.[0] ?? 0),
          message: `there is no anchor \`&${alias.source}\` before this place`,
          hint: 'Write the value out.',
        });
    },
  });
  return problems;
}

/** The maps that `<<` brings into a map, first the one that wins. */
function mergedInto(document: Document.Parsed, map: YAMLMap): unknown[] {
  return map.items
    .filter((pair) => isMergeKey(pair.key))
    .flatMap(({ value }) => {
      const source = isAlias(value) ? value.resolve(document) : value;
      return isSeq(source) ? source.items : [source];
    });
}

function child(
  document: Document.Parsed,
  node: unknown,
  key: string | number,
): { pair?: Pair; node: Node } | undefined {
  const target = isAlias(node) ? node.resolve(document) : node;
  if (isMap(target)) {
    const pair = target.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    if (pair !== undefined) return { pair, node: pair.value as Node };
    for (const source of mergedInto(document, target)) {
      const found = child(document, source, key);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isSeq(target) && typeof key === 'number') {
    const item = target.items[key];
    if (isPair(item)) return { pair: item, node: item.value as Node };
    return isNode(item) ? { node: item } : undefined;
  }
  return undefined;
}

function resolve(document: Document.Parsed, root: Node, path: YamlPath): Node | undefined {
  let node: Node | undefined = root;
  for (const key of path) node = child(document, node, key)?.node;
  return isAlias(node) ? (node.resolve(document) as Node | undefined) : node;
}

function placeOf(document: Document.Parsed, root: Node, path: YamlPath, which: 'key' | 'value'): number {
  let node: Node | undefined = root;
  let place = root.range?.[0] ?? 0;
  for (const [depth, key] of path.entries()) {
    const found = child(document, node, key);
    if (found === undefined) break;
    const keyPlace = (found.pair?.key as Node | undefined)?.range?.[0];
    const valuePlace = found.node?.range?.[0];
    const last = depth === path.length - 1;
    place = (last && which === 'key' ? (keyPlace ?? valuePlace) : (valuePlace ?? keyPlace)) ?? place;
    node = found.node;
  }
  return place;
}

function scalarText(node: Node | undefined): string | undefined {
  if (!isScalar(node)) return undefined;
  if (typeof node.value === 'string') return node.value;
  return node.source ?? (node.value === null ? undefined : String(node.value));
}

/** The parser's words as ours. */
function wording(code: string, message: string, found: string): { message: string; hint?: string } {
  const line = (found.split('\n')[0] ?? '').trim();
  const word = line.replace(/\s*:(?:\s.*)?$/, '').trim();
  switch (code) {
    case 'DUPLICATE_KEY':
      return { message: `the key \`${word}\` is there twice`, hint: 'Keep one of them.' };
    case 'TAB_AS_INDENT':
      return { message: 'a tab cannot be used for indentation', hint: 'Indent with blanks.' };
    case 'BAD_INDENT': {
      const bracket = /and end with a ([\]}])/.exec(message)?.[1];
      if (bracket !== undefined)
        return {
          message: `a \`${bracket}\` is missing`,
          hint: `Close the \`${bracket === ']' ? '[' : '{'}\` before this place, and indent what is in it.`,
        };
      return {
        message: 'the indentation does not fit',
        hint: 'Items of the same list or map begin in the same column.',
      };
    }
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY': {
      const [, key, value] = /^([\w.-]+):([^\s:].*)/.exec(found) ?? [];
      if (key !== undefined)
        return { message: 'a blank is missing after the colon', hint: `Write \`${key}: ${value}\`.` };
      return {
        message: 'a `key: value` cannot stand here',
        hint: 'Quote a text that contains `: `, and put nested keys on lines of their own.',
      };
    }
    case 'BAD_SCALAR_START':
      return { message: `a text cannot begin with \`${found.charAt(0)}\``, hint: 'Put it into quotes.' };
    case 'UNEXPECTED_TOKEN':
      return {
        message: `\`${line}\` cannot stand here`,
        hint: 'A list and a map cannot stand side by side: look at the indentation.',
      };
    case 'MISSING_CHAR':
      if (message.startsWith('Implicit map keys'))
        return {
          message: `\`${line}\` cannot stand here`,
          hint: 'An item of a list begins with `- `, and a key is followed by `: `.',
        };
      return { message: lowerFirst(message), hint: 'Look for a missing quote, bracket or colon.' };
    default:
      return { message: `this is not valid YAML: ${lowerFirst(message)}` };
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
