import { posix } from 'node:path';
import type { SourceDocument } from '../../documents/index.ts';
import type { ListedLock } from '../../schema/index.ts';

/** The format of a lock file, by its name and text; undefined for anything else. */
export function lockFileFormat({ path, text }: SourceDocument): ListedLock['format'] | undefined {
  if (/^pylock(?:\.[^.]+)?\.toml$/.test(posix.basename(path))) return 'pylock';
  if (/^@EXPLICIT\s*$/m.test(text)) return 'explicit';
  const hasKey = (key: string): boolean => new RegExp(`^["']?${key}["']?\\s*:`, 'm').test(text);
  return hasKey('version') && hasKey('metadata') && hasKey('package') ? 'conda-lock' : undefined;
}
