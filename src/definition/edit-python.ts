import { parseYaml } from '../documents/index.ts';
import type { ReadResult } from './read-result.ts';
import type { NewKey, TextEdit } from './text-edit.ts';

/** Sets the Python of an environment file; for one without `python:`, and for other formats, that key. */
export function setPython(read: ReadResult, version: string): TextEdit | NewKey {
  const span = read.span(['python', 'version']);
  if (span !== undefined) return { ...span, text: `"${version}"` };
  const [main] = read.sources;
  const map =
    read.format === 'v2' && main !== undefined ? parseYaml(main, 'INVALID_DEFINITION').range(['python']) : undefined;
  if (main === undefined || map === undefined) return { key: 'python', value: `{ version: "${version}" }` };
  const entry = `version: "${version}"`;
  const at = (offset: number, text: string): TextEdit => ({ file: main.path, start: offset, end: offset, text });
  if (main.text[map.start] === '{') return at(map.start + 1, map.start + 2 === map.end ? entry : `${entry}, `);
  if (map.start === map.end) return at(map.start, `${main.text[map.start - 1] === ':' ? ' ' : ''}{ ${entry} }`);
  const indent = ' '.repeat(map.start - main.text.lastIndexOf('\n', map.start - 1) - 1);
  return at(map.start, `${entry}${main.text.includes('\r\n') ? '\r\n' : '\n'}${indent}`);
}
