import { AppError, isAppError } from '../errors/index.ts';
import { condaName, matchesSpecifier, normaliseName, parseRequirement, parseVersion } from '../requirements/index.ts';
import type { CondaPackage, RequirementEntry } from '../schema/index.ts';
import type { CondaSolver, Distribution } from './conda-solver.ts';

/** A Python distribution that a conda package brings. */
export interface ProvidedDistribution extends Distribution {
  /** The conda package. */
  owner: string;
  /** Lines of its METADATA that are about extras, where somebody asks for one. */
  extras?: readonly string[];
}

/** By normalised name. Where two packages bring the same one, the one that is installed later has it. What has no version that Python knows stays out. */
export function providedBy(
  packages: readonly CondaPackage[],
  distributions: ReadonlyMap<string, readonly Distribution[]>,
): Map<string, ProvidedDistribution> {
  const provided = new Map<string, ProvidedDistribution>();
  for (const { name: owner, sha256 } of packages) {
    for (const each of distributions.get(sha256) ?? [])
      if (parseVersion(each.version) !== undefined) provided.set(each.name, { ...each, owner });
  }
  return provided;
}

interface PipSide {
  entries: readonly RequirementEntry[];
  provided: Map<string, ProvidedDistribution>;
  packages: readonly CondaPackage[];
  specs: readonly string[];
}

/**
 * Where a line of the `pip:` block asks for an extra of what conda brings, pip installs what the extra needs. So the distribution is looked into.
 * @throws AppError UNSUPPORTED_FEATURE where it does not tell.
 */
export async function addExtras({ entries, provided, packages }: PipSide, solver: CondaSolver): Promise<void> {
  for (const text of requirementTexts(entries)) {
    const requirement = readRequirement(text);
    const found = provided.get(normaliseName(requirement?.name ?? ''));
    if (requirement === undefined || requirement.extras.length === 0 || found === undefined) continue;
    const owner = packages.find(({ name }) => name === found.owner);
    const metadata = owner === undefined ? undefined : await solver.metadata(owner, found);
    if (metadata !== undefined) {
      provided.set(found.name, { ...found, extras: extraLines(metadata) });
      continue;
    }
    throw new AppError(
      'UNSUPPORTED_FEATURE',
      `\`${text}\` in the \`pip:\` block asks for an extra of \`${found.name}\`, and conda’s \`${found.owner}\` does not say what it needs`,
      { hint: 'List in the `pip:` block what the extra needs.', details: { written: [text] } },
    );
  }
}

/** `Provides-Extra` and what only extras require (core metadata 2.1). */
function extraLines(metadata: string): string[] {
  const [head = ''] = metadata.replaceAll('\r\n', '\n').split('\n\n');
  return head
    .replaceAll(/\n[ \t]+/g, ' ')
    .split('\n')
    .filter((line) => /^Provides-Extra:/i.test(line) || /^Requires-Dist:.*;.*\bextra\s*==/i.test(line));
}

function readRequirement(text: string): ReturnType<typeof parseRequirement> {
  return parseRequirement(text.replace(/ --[a-z].*$/s, ''));
}

/** The error of a resolution that failed, or the plain one that names both lines where a line of the `pip:` block contradicts what conda brings. */
export function explainContradiction(error: unknown, side: PipSide): unknown {
  if (!isAppError(error, 'UNSOLVABLE')) return error;
  for (const text of requirementTexts(side.entries)) {
    const requirement = readRequirement(text);
    const found = requirement === undefined ? undefined : side.provided.get(normaliseName(requirement.name));
    if (requirement === undefined || found === undefined) continue;
    const fits = requirement.url === undefined && matchesSpecifier(found.version, requirement.specifiers);
    if (!fits) return contradiction(text, found, side, error);
  }
  const named = [...side.provided.values()].filter(({ name }) =>
    new RegExp(`(?<![\\w.-])${name}(?![\\w-])`).test(error.message),
  );
  if (named.length === 0) return error;
  const list = named.map(({ name, version, owner }) => `${name} ${version} (conda’s \`${owner}\`)`).join(', ');
  return new AppError('UNSOLVABLE', error.message, {
    hint: `What conda brings stays: ${list}. Change its version among the conda dependencies, or move the package to the \`pip:\` block.`,
    cause: error,
  });
}

function contradiction(text: string, found: ProvidedDistribution, side: PipSide, cause: unknown): AppError {
  const { name, version, owner } = found;
  const spec = side.specs.find((each) => condaName(each) === owner);
  const needers = side.packages.filter(({ dependencies }) => dependencies.includes(owner)).map((pkg) => pkg.name);
  const other =
    spec === undefined
      ? `\`${owner}\`, which ${needers.map((each) => `\`${each}\``).join(', ')} among the conda packages needs`
      : `\`${spec}\` among the conda dependencies`;
  return new AppError(
    'UNSOLVABLE',
    `\`${text}\` in the \`pip:\` block contradicts ${other}: conda brings ${name} ${version}`,
    {
      hint: 'conda packages are installed first, and pip does not replace them. Change one of the two lines.',
      details: { pip: text, conda: spec ?? owner, version, written: spec === undefined ? [text] : [text, spec] },
      cause,
    },
  );
}

function requirementTexts(entries: readonly RequirementEntry[]): string[] {
  return entries.flatMap((entry) => {
    if (entry.type === 'requirement') return [entry.text];
    if (entry.type === 'include' || entry.type === 'constraint') return requirementTexts(entry.entries);
    return [];
  });
}
