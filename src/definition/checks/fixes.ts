import { createShapeReader, parseYaml, type SourceDocument } from '../../documents/index.ts';
import { isAppError } from '../../errors/index.ts';
import { isPinned } from '../../requirements/index.ts';
import { editPackages } from '../edit-packages.ts';
import { setPython } from '../edit-python.ts';
import type { ReadResult } from '../read-result.ts';
import { appendKey, applyEdits } from '../text-edit.ts';
import { findWritten } from '../written-place.ts';
import { checkDefinition } from './check-definition.ts';
import type { Fix } from './finding.ts';
import { condaOf, requirementsOf } from './parts.ts';

/** The sources with every fix in them. What a fix does not name stays to the byte. */
export function applyFixes(sources: readonly SourceDocument[], fixes: readonly Fix[]): SourceDocument[] {
  return applyEdits(
    sources,
    fixes.flatMap(({ edits }) => edits),
  );
}

/** A package of a lock, so far as a pin needs it. */
export interface LockedVersion {
  /** conda and PyPI number the same package differently (`tzdata` 2025b, 2025.2). */
  kind: 'conda' | 'pypi';
  name: string;
  version: string;
}

/** What a lock says that a definition may leave open. */
export interface LockedVersions {
  packages: readonly LockedVersion[];
  /** Its Python's minor version. */
  python: string | undefined;
}

const fixableByPins = new Set(['unpinned-package', 'python-missing', 'pip-not-pinned']);

/** True if a lock could say more than the definition does: there is something to pin. */
export function hasOpenPins(read: ReadResult): boolean {
  return (
    checkDefinition(read).some(({ code }) => fixableByPins.has(code)) &&
    (condaOf(read).length > 0 || requirementsOf(read).length > 0)
  );
}

/**
 * Fixes that pin what is not pinned to the versions of a lock: `numpy>=2  # fast` becomes `numpy==2.3.5  # fast`, and the Python is added that is not
 * named. Extras, markers, options and comments stay.
 */
export function pinFromLock(read: ReadResult, { packages, python }: LockedVersions): Fix[] {
  const versionsOf = (kind: LockedVersion['kind']): ReadonlyMap<string, string> =>
    new Map(packages.filter((each) => each.kind === kind).map(({ name, version }) => [name, version]));
  const [fromConda, fromPypi] = [versionsOf('conda'), versionsOf('pypi')];
  const pip = requirementsOf(read).flatMap(({ path, name, text, requirement }): Fix[] => {
    const version = fromPypi.get(name);
    if (version === undefined || requirement.url !== undefined || isPinned(requirement.specifiers)) return [];
    const head = /^[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?/.exec(text)?.[0].trimEnd() ?? requirement.name;
    const marker = requirement.marker === undefined ? '' : ` ; ${requirement.marker}`;
    return replaceText(read, path, text, `${head}==${version}${marker}`);
  });
  const conda = condaOf(read).flatMap(({ path, text, spec }): Fix[] => {
    const version = fromConda.get(spec.name);
    const isOpen = spec.version === undefined || /[<>!~*|,]/.test(spec.version);
    // What says more than a version is meant; a pin beside it could contradict it.
    const saysMore =
      spec.build !== undefined ||
      spec.subdir !== undefined ||
      Object.keys(spec.brackets).some((key) => key !== 'version' && key !== 'channel');
    if (version === undefined || !isOpen || saysMore) return [];
    const place = spec.channel === undefined ? '' : `${spec.channel}::`;
    return replaceText(read, path, text, `${place}${spec.name}=${version}`);
  });
  return [...pip, ...conda, ...addPython(read, { conda: fromConda.get('python'), minor: python })];
}

/** Where no Python is named: conda's exact one among its packages, else the minor version in the environment file. */
function addPython(
  read: ReadResult,
  { conda, minor }: { conda: string | undefined; minor: string | undefined },
): Fix[] {
  const isOpen = checkDefinition(read).some(({ code }) => code === 'python-missing');
  const isListed = condaOf(read).some(({ spec }) => spec.name === 'python');
  if (!isOpen || isListed) return [];
  if (read.definition.layer?.kind === 'conda') {
    if (conda === undefined || condaOf(read).length === 0) return [];
    const text = `python=${conda}`;
    return [{ description: `\`${text}\` is added`, edits: editPackages(read, { add: [text] }) }];
  }
  const [main] = read.sources;
  if (minor === undefined || main === undefined || read.format !== 'v2') return [];
  const edit = setPython(read, minor);
  const edits = ['file' in edit ? edit : appendKey(main, edit)];
  // A map in braces goes on to the end of the file: nothing can be put behind it.
  return namesPython(applyEdits([main], edits)[0], minor) ? [{ description: `Python ${minor} is named`, edits }] : [];
}

function namesPython(main: SourceDocument | undefined, minor: string): boolean {
  if (main === undefined) return false;
  try {
    return createShapeReader(parseYaml(main, 'INVALID_DEFINITION')).text(['python', 'version']) === minor;
  } catch (error) {
    if (isAppError(error, 'INVALID_DEFINITION')) return false;
    throw error;
  }
}

/** Replaces the requirement at a place; in the text it may have other blanks than in the definition. */
function replaceText(read: ReadResult, path: readonly (string | number)[], from: string, to: string): Fix[] {
  const span = read.span(path);
  const source = read.sources.find((each) => each.path === span?.file);
  if (span === undefined || source === undefined) return [];
  const found = findWritten(source, span, from);
  if (found === undefined) return [];
  return [
    {
      description: `\`${from}\` → \`${to}\``,
      edits: [{ ...found, text: to }],
    },
  ];
}
