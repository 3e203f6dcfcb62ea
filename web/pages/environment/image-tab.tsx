import type { JSX } from 'preact';
import type { Version } from '../../api/types.ts';

export function ImageTab({ version }: { version: Version }): JSX.Element {
  return <p>{version.name}</p>;
}
