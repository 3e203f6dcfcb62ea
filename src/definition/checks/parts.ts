import {
  type CondaSpec,
  normaliseName,
  parseCondaSpec,
  parseRequirement,
  type Requirement,
} from '../../requirements/index.ts';
import type { RequirementEntry } from '../../schema/index.ts';
import type { ReadResult } from '../read-result.ts';
import { splitRequirementOptions } from '../requirement-line.ts';

export type Path = readonly (string | number)[];

/** A requirement by name, with its place. */
export interface NamedRequirement {
  path: Path;
  text: string;
  /** Normalised. */
  name: string;
  requirement: Requirement;
  /** `--hash` and its like. */
  options: string[];
}

export interface OptionLine {
  path: Path;
  name: string;
  value: string | undefined;
}

export interface CondaDependency {
  path: Path;
  text: string;
  spec: CondaSpec;
}

export interface Variable {
  path: Path;
  name: string;
  value: string;
}

/** Every entry of the Python layer's pip side, those of included files too; constraints only if asked for. */
export function entriesOf(
  { definition: { layer } }: ReadResult,
  options: { constraints?: boolean } = {},
): { path: Path; entry: RequirementEntry }[] {
  const visit = (entries: readonly RequirementEntry[], at: Path): { path: Path; entry: RequirementEntry }[] =>
    entries.flatMap((entry, index) => {
      const path = [...at, index];
      if (entry.type === 'include' || (entry.type === 'constraint' && options.constraints === true))
        return [{ path, entry }, ...visit(entry.entries, [...path, 'entries'])];
      return [{ path, entry }];
    });
  if (layer === undefined) return [];
  if (layer.kind === 'requirements') return visit(layer.entries, ['layer', 'entries']);
  return layer.dependencies.flatMap((item, index) =>
    typeof item === 'string' ? [] : visit(item.pip, ['layer', 'dependencies', index, 'pip']),
  );
}

export function requirementsOf(read: ReadResult): NamedRequirement[] {
  return entriesOf(read).flatMap(namedRequirement);
}

/** What `-c` files say, each with the file that says it. */
export function constraintsOf(read: ReadResult): (NamedRequirement & { file: string })[] {
  const visit = (
    entries: readonly RequirementEntry[],
    at: Path,
    file: string,
  ): (NamedRequirement & { file: string })[] =>
    entries.flatMap((entry, index) => {
      const path = [...at, index];
      return entry.type === 'include' || entry.type === 'constraint'
        ? visit(entry.entries, [...path, 'entries'], entry.file.path)
        : namedRequirement({ path, entry }).map((each) => ({ ...each, file }));
    });
  return entriesOf(read).flatMap(({ path, entry }) =>
    entry.type === 'constraint' ? visit(entry.entries, [...path, 'entries'], entry.file.path) : [],
  );
}

function namedRequirement({ path, entry }: { path: Path; entry: RequirementEntry }): NamedRequirement[] {
  if (entry.type !== 'requirement') return [];
  const { requirement: text, options } = splitRequirementOptions(entry.text);
  const requirement = parseRequirement(text);
  return requirement === undefined ? [] : [{ path, text, name: normaliseName(requirement.name), requirement, options }];
}

/** Requirements that are an address and nothing else. */
export function addressesOf(read: ReadResult): { path: Path; text: string }[] {
  return entriesOf(read).flatMap(({ path, entry }) => {
    // Most are names, and were read before.
    if (entry.type !== 'requirement' || !entry.text.includes('/')) return [];
    const requirement = parseRequirement(splitRequirementOptions(entry.text).requirement);
    if (requirement === undefined) return [{ path, text: entry.text }];
    return requirement.url === undefined ? [] : [{ path, text: requirement.url }];
  });
}

export function optionsOf(read: ReadResult): OptionLine[] {
  return entriesOf(read).flatMap(({ path, entry }) =>
    entry.type === 'option' ? [{ path, name: entry.name, value: entry.value }] : [],
  );
}

export function condaOf({ definition: { layer } }: ReadResult): CondaDependency[] {
  if (layer?.kind !== 'conda') return [];
  return layer.dependencies.flatMap((item, index) => {
    const spec = typeof item === 'string' ? parseCondaSpec(item) : undefined;
    return typeof item === 'string' && spec !== undefined
      ? [{ path: ['layer', 'dependencies', index], text: item, spec }]
      : [];
  });
}

export function channelsOf({ definition: { layer } }: ReadResult): { path: Path; channel: string }[] {
  return layer?.kind === 'conda'
    ? layer.channels.map((channel, index) => ({ path: ['layer', 'channels', index], channel }))
    : [];
}

/** Variables of the definition, and of its conda file. */
export function variablesOf({ definition: { environmentVariables, layer } }: ReadResult): Variable[] {
  const ofLayer = layer?.kind === 'conda' ? (layer.variables ?? {}) : {};
  return [
    ...Object.entries(environmentVariables).map(([name, value]) => ({
      path: ['environmentVariables', name],
      name,
      value,
    })),
    ...Object.entries(ofLayer).map(([name, value]) => ({ path: ['layer', 'variables', name], name, value })),
  ];
}

/** The text of the main file's part at a place, replaced. */
export function replacement(
  read: ReadResult,
  path: Path,
  from: string,
  to: string,
): { description: string; edits: { file: string; start: number; end: number; text: string }[] } | undefined {
  const span = read.span(path);
  const text = read.sources.find((source) => source.path === span?.file)?.text;
  if (span === undefined || text === undefined) return undefined;
  const at = text.slice(span.start, span.end).indexOf(from);
  if (at === -1) return undefined;
  const start = span.start + at;
  return {
    description: `\`${from}\` → \`${to}\``,
    edits: [{ file: span.file, start, end: start + from.length, text: to }],
  };
}
