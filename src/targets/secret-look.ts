import { tokenShapes } from '../errors/index.ts';

/** Words that name a secret, wherever they stand in a name. */
const secretWords = new Set([
  'secret',
  'secrets',
  'token',
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'pass',
  'credential',
  'credentials',
  'apikey',
  'sas',
  'authorization',
  'bearer',
  'cookie',
]);
/** Words that make a secret of a `KEY` or `STRING` that follows them. */
export const keyWords: ReadonlySet<string> = new Set([
  'api',
  'access',
  'private',
  'secret',
  'account',
  'signing',
  'encryption',
  'subscription',
  'storage',
  'auth',
  'ssh',
  'master',
  'license',
  'deploy',
  'service',
  'shared',
]);
/** Variables of every shell, whose names only look like it. */
const harmlessNames = new Set(['PWD', 'OLDPWD']);

/** Tokens by their shape, and values whose own name tells that they are secret; what is around a secret is outside of the group of that name. */
export const secretShapes: readonly RegExp[] = [
  ...tokenShapes,
  /\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)=(?<secret>[^;\s"'`]+)/i,
  /[?&](?:sig|token|access_token|api_key|password|X-Amz-Signature|X-Goog-Signature)=(?<secret>[^&\s"'`]+)/i,
];

/** True if a variable looks as if it held a secret. Rather too often: the record then still tells whether the value changed. */
export function looksSecret(name: string, value: string): boolean {
  if (value === '' || /^(?:true|false|none|null)$/i.test(value)) return false;
  return namesSecret(name, value) || secretShapes.some((shape) => shape.test(value)) || isRandomText(value);
}

function namesSecret(name: string, value: string): boolean {
  if (harmlessNames.has(name)) return false;
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word, index) => {
    // `MAX_TOKEN=128` counts.
    if (word === 'token' && /^\d{1,9}$/.test(value)) return false;
    if (secretWords.has(word)) return true;
    return (
      ((word === 'key' || word === 'string') && keyWords.has(words[index - 1] ?? '')) ||
      (word === 'string' && words[index - 1] === 'connection')
    );
  });
}

/** A long text without blanks that mixes cases and digits as only a generator does. Digests in hex and paths are none. */
export function isRandomText(value: string): boolean {
  if (!/^[A-Za-z0-9+_=-]{36,}$/.test(value) || !/[a-z]/.test(value) || !/[A-Z]/.test(value)) return false;
  const classes = Array.from(value, (char) =>
    /[a-z]/.test(char) ? 'a' : /[A-Z]/.test(char) ? 'A' : /\d/.test(char) ? '0' : '-',
  );
  const changes = classes.filter((kind, index) => index > 0 && kind !== classes[index - 1]).length;
  return /\d/.test(value) && changes > value.length * 0.4;
}
