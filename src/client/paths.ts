import { parseReference } from '../definition/index.ts';
import { AppError } from '../errors/index.ts';

/** Text as one part of a path. @throws AppError USAGE for what would be another path. */
export function segment(text: string): string {
  if (text !== '' && text !== '.' && text !== '..') return encodeURIComponent(text);
  throw new AppError('USAGE', `\`${text}\` names nothing`);
}

/** The path of a version: `name` and `name@latest` are the one that was created last. */
export function versionPath(reference: string): string {
  const { registry, name, version } = parseReference(reference);
  if (registry !== undefined)
    throw new AppError('ENVIRONMENT_NOT_FOUND', `\`${reference}\` is in the registry \`${registry}\``, {
      hint: 'The server knows its own workspace alone. Register the definition there.',
    });
  return `${environmentPath(name)}/versions/${version === undefined ? '@latest' : segment(version)}`;
}

export function environmentPath(name: string): string {
  return `/environments/${segment(name)}`;
}

/** A name alone is the environment as a whole. */
export function isWhole(reference: string): boolean {
  const { version, label } = parseReference(reference);
  return version === undefined && label === undefined;
}
