import { AppError } from '../errors/index.ts';
import { canonicalJson, sha256 } from '../schema/index.ts';

/** What of a version may change. */
interface Changeable {
  name: string;
  version: string;
  description: string | null;
  tags: Record<string, string>;
  archived: boolean;
}

/** A strong validator (RFC 9110): differs whenever something of the version has changed. */
export function etagOf({ name, version, description, tags, archived }: Changeable): string {
  return `"${sha256(canonicalJson({ name, version, description, tags, archived })).slice(0, 32)}"`;
}

/** The same of a record that is sent as it is. */
export function etagOfRecord(record: object): string {
  return `"${sha256(canonicalJson(record)).slice(0, 32)}"`;
}

/** Whether `If-None-Match` names what is there (RFC 9110, section 13.1.2): then there is no need to send it. */
export function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === etag);
}

/** @throws AppError PRECONDITION_FAILED unless `If-Match` is absent, `*`, or names what is there. */
export function checkIfMatch(header: string | undefined, current: Changeable): void {
  if (header === undefined || header.trim() === '*') return;
  const tag = etagOf(current);
  if (header.split(',').some((each) => each.trim() === tag)) return;
  throw new AppError('PRECONDITION_FAILED', `${current.name}:${current.version} was changed meanwhile`, {
    hint: 'Get it again, and make the change on what it is now.',
    details: { etag: tag },
  });
}
