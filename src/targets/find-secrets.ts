import { findUserInfo } from '../errors/index.ts';
import { isRandomText, keyWords, secretShapes } from './secret-look.ts';

/** An option (`--token`) with its value, or at the beginning of a word a setting (`API_KEY=…`, `wandb.api_key=…`). Values may be in quotes. */
const value = String.raw`("(?:[^"\\]|\\.)*"|'[^']*'|[^\s'"\`;&|<>(){}]+)(?=$|[\s;&|'"])`;
const option = new RegExp(String.raw`(?<=^|[\s'"])--?([A-Za-z][\w.-]*)(?=(?:=|[ \t]+)${value})`, 'g');
const setting = new RegExp(String.raw`(?<=^|[\s;&|'"])([A-Za-z_][\w.]*)(?==${value})`, 'g');
/** What may be a generated text as a whole: not a part of a path. */
const generated = /(?<=^|[\s"'=:,])[A-Za-z0-9+_-]{36,}={0,2}(?=$|[\s"';&|,)])/g;
const shapes = secretShapes.map((shape) => new RegExp(shape, `${shape.flags}g`));

/**
 * The parts of a command that look like secrets: by their shape, or as the value of an option or a variable that is named for one. Rather too seldom:
 * whoever repeats the run has to give them again. What a shell inserts (`$TOKEN`) is none.
 */
export function findSecrets(text: string): string[] {
  return [...new Set([...findShaped(text), ...findNamed(text)])];
}

/** The same of words that no shell reads: the value of an option may be a word of its own. */
export function findSecretsInWords(words: readonly string[]): string[] {
  const found = words.flatMap((word, index) => {
    const [, name] = /^--?([A-Za-z][\w.-]*)$/.exec(words[index - 1] ?? '') ?? [];
    return name !== undefined && isSecretOf(name, word) ? [word] : findSecrets(word);
  });
  return [...new Set(found)];
}

/** Whether that value of an option, a variable or an input with that name is a secret. */
export function isSecretOf(name: string, text: string): boolean {
  return isNamedForSecret(name) && isLikely(text) && !isVariable(text);
}

function findShaped(text: string): string[] {
  const matches = shapes.flatMap((shape) => Array.from(text.matchAll(shape)));
  const marked = matches.flatMap(({ 0: whole, groups }) => (groups === undefined ? [whole] : []));
  // Program text sets names that look the same.
  const set = matches
    .flatMap(({ groups }) => groups?.secret ?? [])
    .filter((found) => !/[()]/.test(found) && !isVariable(found));
  const random = (text.match(generated) ?? []).filter(isRandomText);
  const users = findUserInfo(text).filter((user) => user.includes(':') || user.length >= 16);
  return [...marked, ...set, ...random, ...users].filter(isLikely);
}

function findNamed(text: string): string[] {
  return [option, setting].flatMap((pattern) =>
    Array.from(text.matchAll(pattern), ([, name = '', written = '']) => ({
      name,
      text: written.replace(/^(["'])([\s\S]*)\1$/, '$2'),
    }))
      .filter((found) => isSecretOf(found.name, found.text))
      .map((found) => found.text),
  );
}

/** Whose tokens are secrets: models have tokens of another kind, such as `--pad-token`. */
const tokenWords = new Set(
  'access api auth azure bearer bot comet databricks github gitlab hf hub huggingface id mlflow neptune personal pypi refresh registry secret session slack wandb'.split(
    ' ',
  ),
);

function isNamedForSecret(name: string): boolean {
  const [last = '', before] = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .reverse();
  if (/^(?:password|passwd|passphrase|secret|apikey)$/.test(last)) return true;
  if (last === 'token') return before === undefined || tokenWords.has(before);
  return last === 'key' && before !== undefined && keyWords.has(before);
}

/** `password=db_password`: what holds the secret, not the secret. */
function isVariable(text: string): boolean {
  return /^[A-Za-z_]\w*$/.test(text) && isNamedForSecret(text);
}

/** Neither too short to hide, nor a word of a language, a number, a path, a file, another option, or what something else is inserted for. */
function isLikely(text: string): boolean {
  if (text.length < 4 || /^(?:true|false|none|null|auto|\d{1,9})$/i.test(text)) return false;
  return !/^[$<[({~/.@%&]|^-(?!-*BEGIN)|\$[\w{(]|\.[A-Za-z][A-Za-z0-9]{0,4}$/.test(text);
}
