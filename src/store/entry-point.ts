import type { AppError } from '../errors/index.ts';
import { hostile } from './archive-error.ts';
import type { EntryPoint } from './unpacked-wheel.ts';

/** `name = module:object`, as entry_points.txt and conda's link.json have it. @throws what `invalid` makes; AppError HOSTILE_ARCHIVE. */
export function readEntryPoint(line: string, label: string, invalid: (what: string) => AppError): EntryPoint {
  const match = /^([^=]+?)\s*=\s*([\w.]+)\s*(?::\s*([\w.]+))?\s*(?:\[[^\]]*\])?\s*(?:#.*)?$/u.exec(line);
  const [, name = '', module = '', object = ''] = match ?? [];
  if (match === null) throw invalid(`its entry point \`${line}\` cannot be read`);
  if (!/^[\w.+-]+(?: [\w.+-]+)*$/u.test(name) || /^\.+$/.test(name))
    throw hostile(label, `it would make a script named \`${name}\``);
  return { name, module, object };
}
