import { AppError } from '../errors/index.ts';
import { matchesSpecifier, parseSpecifiers, type Specifier } from '../requirements/index.ts';
import type { Definition, LockedPython } from '../schema/index.ts';

/** Asks the machine for its Python: the preferred one, or the first that fits. */
export type MachinePython = (wanted: {
  fits: (version: string) => boolean;
  subject: string;
  minor?: string;
}) => Promise<{ minor: string }>;

/** Older ones are not offered for a lock that nobody asked a version of. */
const oldestMinor = '>=3.10';

/**
 * The Python of a lock, decided once: what the definition says, else that of its base image, else the machine's. A range is decided by what there is.
 * `base` answers the minor versions of the base image, the preferred one first; undefined if nobody knows.
 */
export async function choosePython(
  definition: Definition,
  { base, machine }: { base: () => Promise<readonly string[] | undefined>; machine: MachinePython },
): Promise<LockedPython> {
  const wanted = definition.python.version?.trim();
  const minor = wanted === undefined ? undefined : /^(\d+\.\d+)(?:\.\d+)?$/.exec(wanted)?.[1];
  if (minor !== undefined) return { version: minor, source: 'machine' };
  const specifiers = readRange(wanted ?? oldestMinor);
  const ofBase = (await base())?.find((each) => matchesSpecifier(each, specifiers));
  if (ofBase !== undefined) return { version: ofBase, source: 'base' };
  const subject = wanted === undefined ? 'a Python of at least version 3.10' : `a Python that fits \`${wanted}\``;
  const found = await machine({ fits: (version) => matchesSpecifier(version, specifiers), subject });
  return { version: found.minor, source: 'machine' };
}

function readRange(text: string): Specifier[] {
  const specifiers = parseSpecifiers(text);
  if (specifiers !== undefined) return specifiers;
  throw new AppError('INVALID_DEFINITION', `\`${text}\` is no Python version`, {
    hint: 'Write it like `"3.12"` or `">=3.10"`.',
  });
}
