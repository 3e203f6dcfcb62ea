import { AppError } from '../../errors/index.ts';

/**
 * Splits the words of an instruction and puts variables in their places, as Docker's builder does (Dockerfile reference, "Environment
 * replacement"): quotes group and go, single ones keep what is in them, a backslash keeps the next character.
 * @throws AppError UNSUPPORTED_FEATURE for forms that only newer builders know.
 */
export function expandWords(text: string, env: ReadonlyMap<string, string>): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const { value, isBreak } of tokens(text, env)) {
    if (isBreak) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + value;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** The same for a text that is one word, blanks and all. */
export function expandText(text: string, env: ReadonlyMap<string, string>): string {
  return [...tokens(text, env)].map(({ value }) => value).join('');
}

interface Token {
  value: string;
  /** A blank between words. */
  isBreak: boolean;
}

function* tokens(text: string, env: ReadonlyMap<string, string>): Generator<Token> {
  let quote = '';
  for (let at = 0; at < text.length; ) {
    const character = text[at] as string;
    if (quote === "'") {
      if (character === quote) quote = '';
      else yield { value: character, isBreak: false };
      at += 1;
    } else if (character === '\\' && at + 1 < text.length) {
      const next = text[at + 1] as string;
      // Within double quotes only these three lose their backslash.
      yield { value: quote === '"' && !'"$\\'.includes(next) ? `\\${next}` : next, isBreak: false };
      at += 2;
    } else if (character === quote) {
      quote = '';
      at += 1;
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
      at += 1;
      yield { value: '', isBreak: false };
    } else if (character === '$') {
      const { value, end } = variable(text, at, env);
      yield { value, isBreak: false };
      at = end;
    } else {
      yield { value: character, isBreak: quote === '' && /\s/.test(character) };
      at += 1;
    }
  }
}

function variable(text: string, at: number, env: ReadonlyMap<string, string>): { value: string; end: number } {
  const plain = /^\$(?<name>[A-Za-z_][A-Za-z0-9_]*)/.exec(text.slice(at));
  if (plain?.groups !== undefined) return { value: env.get(plain.groups.name ?? '') ?? '', end: at + plain[0].length };
  if (text[at + 1] !== '{') return { value: '$', end: at + 1 };
  const end = closing(text, at + 2);
  const inner = end === -1 ? '' : text.slice(at + 2, end);
  const match = /^(?<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?<operator>:?[-+])(?<word>[\s\S]*))?$/.exec(inner);
  if (match?.groups === undefined)
    throw new AppError(
      'UNSUPPORTED_FEATURE',
      `\`${text.slice(at, end === -1 ? undefined : end + 1)}\` cannot be replaced`,
      {
        hint: 'Variables may be written as `$name`, `${name}`, `${name:-default}` or `${name:+instead}`.',
      },
    );
  const { name = '', operator, word = '' } = match.groups;
  const value = env.get(name);
  const isSet = value !== undefined && (operator?.startsWith(':') !== true || value !== '');
  if (operator === undefined) return { value: value ?? '', end: end + 1 };
  const other = (): string => expandText(word, env);
  if (operator.endsWith('+')) return { value: isSet ? other() : '', end: end + 1 };
  return { value: isSet ? (value ?? '') : other(), end: end + 1 };
}

/** The brace that closes, others in between. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '{') depth += 1;
    else if (text[at] === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}
