import type { LeftOutReason } from './left-out.ts';

const generatedNames = new Set(['.git', '.hg', '.svn', '.terroir', '__pycache__']);
/** What a folder holds that somebody made with a tool, and that the tool makes again: virtual environments of Python and of conda. */
export const environmentMarks: readonly string[] = ['pyvenv.cfg', 'conda-meta'];

const secretNames: readonly RegExp[] = [
  /^\.env/i,
  /^id_(?:rsa|dsa|ecdsa|ed25519|ecdsa_sk|ed25519_sk)$/,
  /\.(?:key|p12|pfx|pkcs12|jks|keystore|ppk|kdbx)$/i,
  /^[._]netrc$/,
  /^\.(?:pypirc|git-credentials|htpasswd|pgpass)$/,
];

/** Why a name is never part of a snapshot, whatever the rules say. */
export function neverIncluded(name: string): LeftOutReason | undefined {
  if (generatedNames.has(name)) return 'generated';
  return secretNames.some((pattern) => pattern.test(name)) ? 'secret' : undefined;
}

/** Keys are small. */
export const longestKey = 64 * 1024;
const certificateName = /\.(?:pem|crt|cer|cert)$/i;
const keyHeader = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|^PuTTY-User-Key-File-/;

/**
 * True for a private key under whatever name. It must be what the file is: a test that has a key in its text is no key. Certificates may have
 * theirs behind them.
 */
export function isPrivateKey(name: string, content: Uint8Array): boolean {
  const text = Buffer.from(content.buffer, content.byteOffset, Math.min(content.byteLength, longestKey)).toString(
    'latin1',
  );
  const found = keyHeader.exec(text);
  if (found === null) return false;
  return certificateName.test(name) || text.slice(0, found.index).trim() === '';
}
