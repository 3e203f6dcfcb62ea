import { createHash, type Hash } from 'node:crypto';
import { registryError } from './registry-error.ts';

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const digestPattern = /^(?:(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128}))$/;
const uploadPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export type DigestAlgorithm = 'sha256' | 'sha512';

/** @throws NAME_INVALID. What passes is safe as a path: no component is empty or begins with a dot. */
export function checkRepository(name: string): string {
  if (name.length <= 255 && repositoryPattern.test(name)) return name;
  throw registryError('NAME_INVALID', `\`${shown(name)}\` is no name of a repository`);
}

/** @throws MANIFEST_INVALID: a reference that is neither digest nor tag. */
export function checkTag(tag: string): string {
  if (tagPattern.test(tag)) return tag;
  throw registryError('MANIFEST_INVALID', `\`${shown(tag)}\` is neither a tag nor a digest`);
}

/** @throws DIGEST_INVALID. */
export function checkDigest(digest: string): string {
  if (isDigest(digest)) return digest;
  throw registryError('DIGEST_INVALID', `\`${shown(digest)}\` is no SHA-256 or SHA-512 digest`);
}

export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/** @throws BLOB_UPLOAD_UNKNOWN. */
export function checkUploadId(id: string): string {
  if (uploadPattern.test(id)) return id;
  throw registryError('BLOB_UPLOAD_UNKNOWN', `\`${shown(id)}\` is no upload`);
}

/** Takes a valid digest apart. */
export function splitDigest(digest: string): { algorithm: DigestAlgorithm; hex: string } {
  const colon = digest.indexOf(':');
  return { algorithm: algorithmOf(digest), hex: digest.slice(colon + 1) };
}

export function algorithmOf(digest: string): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

export function digestOf(content: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(content).digest('hex')}`;
}

export function startDigest(algorithm: DigestAlgorithm): Hash {
  return createHash(algorithm);
}

/** Case does not count (specification, "Listing Tags"); where only that differs, capitals come first. */
export function compareTags(a: string, b: string): number {
  const [low, other] = [a.toLowerCase(), b.toLowerCase()];
  if (low !== other) return low < other ? -1 : 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
