import { AppError } from '../errors/index.ts';
import { readEntryPoint } from './entry-point.ts';
import type { EntryPoint, WheelIndex } from './unpacked-wheel.ts';

/** What a wheel says of itself. */
export type WheelFacts = Pick<
  WheelIndex,
  'distInfo' | 'data' | 'name' | 'version' | 'rootIsPurelib' | 'consoleScripts' | 'guiScripts' | 'requiresPython'
>;

/** Reads a wheel's own metadata (binary distribution format, "File contents"). @throws AppError INVALID_WHEEL. */
export function readWheelFacts(
  metadata: ReadonlyMap<string, string>,
  members: readonly { name: string }[],
  label: string,
): WheelFacts {
  const [wheelPath, ...others] = [...metadata.keys()].filter((path) => path.endsWith('/WHEEL'));
  if (wheelPath === undefined || others.length > 0) {
    throw invalid(
      label,
      wheelPath === undefined ? 'it has no `.dist-info/WHEEL`' : 'it has several `.dist-info` folders',
    );
  }
  const distInfo = wheelPath.slice(0, wheelPath.indexOf('/'));
  const wheel = headers(metadata.get(wheelPath) ?? '');
  const format = wheel.get('wheel-version') ?? '';
  if (!/^1\.\d+$/.test(format))
    throw invalid(label, `it is of wheel version \`${format}\`, and this installs version 1`);
  const own = headers(metadata.get(`${distInfo}/METADATA`) ?? '');
  const [name, version] = [own.get('name'), own.get('version')];
  if (name === undefined || version === undefined) throw invalid(label, 'its METADATA names no name or version');
  if (!members.some((member) => member.name === `${distInfo}/RECORD`)) throw invalid(label, 'it has no RECORD');
  const entryPoints = metadata.get(`${distInfo}/entry_points.txt`) ?? '';
  return {
    distInfo,
    data: distInfo.replace(/\.dist-info$/, '.data'),
    name,
    version,
    rootIsPurelib: wheel.get('root-is-purelib')?.toLowerCase() === 'true',
    consoleScripts: readEntryPoints(entryPoints, 'console_scripts', label),
    guiScripts: readEntryPoints(entryPoints, 'gui_scripts', label),
    requiresPython: own.get('requires-python'),
  };
}

/** The headers of an e-mail-like text; of repeated ones the first. */
function headers(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    if (line === '') break;
    const match = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line);
    const key = match?.[1]?.toLowerCase();
    if (key !== undefined && !found.has(key)) found.set(key, match?.[2]?.trim() ?? '');
  }
  return found;
}

function readEntryPoints(text: string, wanted: string, label: string): EntryPoint[] {
  const points: EntryPoint[] = [];
  let section = '';
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const header = /^\[(.+)\]$/.exec(line)?.[1];
    if (header !== undefined) section = header.trim();
    else if (section === wanted) points.push(readEntryPoint(line, label, (what) => invalid(label, what)));
  }
  return points;
}

function invalid(label: string, what: string): AppError {
  return new AppError('INVALID_WHEEL', `\`${label}\` is no valid wheel: ${what}`, {
    hint: 'Report it to those who publish the package.',
  });
}
