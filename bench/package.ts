import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Lays the published package out in a folder: the bundle, without sources. Its command line's path. */
export function layOutPackage(folder: string): string {
  const root = join(import.meta.dirname, '..');
  mkdirSync(folder, { recursive: true });
  for (const part of ['bin', 'dist', 'package.json']) cpSync(join(root, part), join(folder, part), { recursive: true });
  return join(folder, 'bin', 'terroir.js');
}
