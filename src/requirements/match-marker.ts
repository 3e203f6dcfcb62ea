import { isMarker } from './marker.ts';
import { matchesSpecifier, parseSpecifiers } from './specifier.ts';
import { parseVersion } from './version.ts';

/** What markers ask about, by the names that PEP 508 gives them. Lists are what `extras` and `dependency_groups` hold. */
export type MarkerEnvironment = Readonly<Record<string, string | readonly string[]>>;

/** True if the environment satisfies the marker (PEP 508, with the sets of PEP 751); undefined if the text is no marker. */
export function matchesMarker(text: string, environment: MarkerEnvironment): boolean | undefined {
  if (!isMarker(text)) return undefined;
  const tokens = text.match(/'[^']*'|"[^"]*"|[A-Za-z_][A-Za-z0-9_.]*|===|[=!<>~]=|[<>()]|\S/g) ?? [];
  const reader = { tokens, at: 0, environment };
  try {
    const value = readOr(reader);
    return reader.at === tokens.length ? value : undefined;
  } catch (error) {
    if (error instanceof MarkerSyntax) return undefined;
    throw error;
  }
}

class MarkerSyntax extends Error {}

interface Reader {
  tokens: readonly string[];
  at: number;
  environment: MarkerEnvironment;
}

function readOr(reader: Reader): boolean {
  let value = readAnd(reader);
  while (takeWord(reader, 'or')) value = readAnd(reader) || value;
  return value;
}

function readAnd(reader: Reader): boolean {
  let value = readTerm(reader);
  while (takeWord(reader, 'and')) value = readTerm(reader) && value;
  return value;
}

function readTerm(reader: Reader): boolean {
  if (takeWord(reader, '(')) {
    const value = readOr(reader);
    if (!takeWord(reader, ')')) throw new MarkerSyntax();
    return value;
  }
  const left = readValue(reader);
  const operator = readOperator(reader);
  return compare(left, operator, readValue(reader));
}

function readValue(reader: Reader): string | readonly string[] {
  const token = take(reader);
  if (/^['"]/.test(token)) return token.slice(1, -1);
  const value = reader.environment[token.replaceAll('.', '_')];
  if (value === undefined) throw new MarkerSyntax();
  return value;
}

const comparisons = new Set(['===', '~=', '==', '!=', '<=', '>=', '<', '>', 'in']);

function readOperator(reader: Reader): string {
  const token = take(reader);
  if (token === 'not' && takeWord(reader, 'in')) return 'not in';
  if (!comparisons.has(token)) throw new MarkerSyntax();
  return token;
}

function take(reader: Reader): string {
  const token = reader.tokens[reader.at];
  if (token === undefined) throw new MarkerSyntax();
  reader.at += 1;
  return token;
}

function takeWord(reader: Reader, word: string): boolean {
  if (reader.tokens[reader.at] !== word) return false;
  reader.at += 1;
  return true;
}

/** As versions where both are, else as texts. */
function compare(left: string | readonly string[], operator: string, right: string | readonly string[]): boolean {
  if (operator === 'in' || operator === 'not in')
    return (typeof left === 'string' && right.includes(left)) === (operator === 'in');
  if (typeof left !== 'string' || typeof right !== 'string') throw new MarkerSyntax();
  if (parseVersion(left) !== undefined) {
    const specifiers = parseSpecifiers(`${operator}${right}`);
    if (specifiers !== undefined) return matchesSpecifier(left, specifiers);
  }
  switch (operator) {
    case '==':
    case '===':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      throw new MarkerSyntax();
  }
}
