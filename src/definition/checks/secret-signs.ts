import { hasTokenShape } from '../../errors/index.ts';

/** Whoever has a false alarm cannot register: these look for what is a secret, not for what may be one. */

const secretName =
  /(?:^|_)(?:TOKEN|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|ACCOUNT_?KEY|CREDENTIALS?|CONNECTION_?STRING)(?:_|$)|(?:TOKEN|SECRET|PASSWORD|APIKEY)$/i;
/** What is told about a secret: its name, its place, its length. */
const aboutSecret =
  /_(?:NAME|FILE|PATH|DIR|FOLDER|URL|URI|ENDPOINT|ID|TYPE|KIND|HEADER|LIMIT|COUNT|LENGTH|LEN|SIZE|MAX|MIN|TTL|TIMEOUT|ENABLED|REQUIRED|PARALLELISM|MODE|PROVIDER|SCOPE|VERSION)$/i;
const harmlessValues: readonly RegExp[] = [
  /^(?:true|false|yes|no|on|off|none|null)?$/i,
  // What is taken from elsewhere.
  /^\$(?:\w+|\{[^}]*\}|\(.*\))$|^secret:/,
  // Where it is kept.
  /^(?:~|\.{0,2})\/[a-z0-9_./-]+$/,
  // Marks of tokenizers, and what is to be filled in: `<pad>`, `[PAD]`, `</s>`.
  /^<[^<>]*>$|^\[[A-Z_]+\]$/,
];

/** True if a variable holds a secret, by its name or by the shape of its value. */
export function looksSecret(name: string, value: string): boolean {
  if (hasTokenShape(value)) return true;
  if (!secretName.test(name) || aboutSecret.test(name)) return false;
  // `MAX_TOKEN=128` counts.
  if (/TOKEN/i.test(name) && /^\d{1,9}$/.test(value)) return false;
  return !harmlessValues.some((harmless) => harmless.test(value));
}

/** User and password in an address; `${VAR}` and an account alone over ssh are none. */
export function hasCredentials(address: string): boolean {
  const user = /^[a-z][a-z0-9+.-]*:\/\/([^\s/@]+)@/i.exec(address)?.[1];
  if (user === undefined || /\$\{\w+\}/.test(user)) return false;
  return !(/^(?:git\+)?ssh:/i.test(address) && !user.includes(':'));
}

/** anaconda.org's tokens, which are a part of the path. */
export function hasCondaToken(address: string): boolean {
  return /\/t\/[A-Za-z0-9_-]{6,}\//.test(address);
}

/** True if some address in a text has a password in it. What a shell or a build fills in is none. */
export function hasLogin(text: string): boolean {
  return [...text.matchAll(/\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@'"`<>]*:([^\s/@'"`<>]+)@(?!sha\d+:)/gi)].some(
    ([, password = '']) => !/^[$%{*]/.test(password),
  );
}

/** What `ENV` and `ARG` set: `A=b c="d e"`, and the old form `A b` of `ENV`. Quotes are taken off. */
export function assignmentsOf(keyword: string, value: string): [name: string, value: string][] {
  if (keyword !== 'ENV' && keyword !== 'ARG') return [];
  const old = keyword === 'ENV' ? /^([^\s=]+)\s+(.*)$/s.exec(value) : null;
  const pairs = old === null ? [...value.matchAll(/([A-Za-z_][\w.-]*)=("[^"]*"|'[^']*'|\S*)/g)] : [old];
  return pairs.map(([, name = '', given = '']) => [name, given.trim().replace(/^(["'])(.*)\1$/s, '$2')]);
}

/** The variable that a value stands for, as somebody hopes who has seen it in shells, compose files and jobs. */
export function placeholderOf(value: string): string | undefined {
  return (
    /^secret:\s*([A-Za-z_]\w*)$/.exec(value)?.[1] ??
    /\$\{([A-Za-z_]\w*)\}/.exec(value)?.[1] ??
    /^\$([A-Za-z_]\w*)(?:$|[/:])/.exec(value)?.[1]
  );
}
