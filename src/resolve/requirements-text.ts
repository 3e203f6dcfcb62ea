import { AppError } from '../errors/index.ts';
import { normaliseName, parseRequirement } from '../requirements/index.ts';
import type { FileReference, RequirementEntry } from '../schema/index.ts';
import type { PypiOptions } from './pypi-resolver.ts';

/** A layer's entries in the form that the resolver is asked with. */
export interface RequirementsText {
  requirements: string;
  constraints: string;
  options: PypiOptions;
  /** Digests that the definition allows, by normalised name. */
  hashes: Map<string, Set<string>>;
  requireHashes: boolean;
  /** The files that a path stands for. */
  local: Map<string, { file: FileReference; kind: 'wheel' | 'sdist' | 'project' }>;
}

/** `place` gives the absolute path at which a file of the definition was laid out. */
export function requirementsText(entries: readonly RequirementEntry[], place: (path: string) => string): RequirementsText {
  const text: RequirementsText = {
    requirements: '',
    constraints: '',
    options: { extraIndexUrls: [], findLinks: [], noIndex: false, pre: false, noBinary: [], onlyBinary: [], trustedHosts: [] },
    hashes: new Map(),
    requireHashes: false,
    local: new Map(),
  };
  const requirements: string[] = [];
  const constraints: string[] = [];
  const visit = (list: readonly RequirementEntry[], lines: string[]): void => {
    for (const entry of list) {
      if (entry.type === 'include') visit(entry.entries, lines);
      else if (entry.type === 'constraint') visit(entry.entries, constraints);
      else if (entry.type === 'option') addOption(text, entry.name, entry.value);
      else if (entry.type === 'local') lines.push(localLine(text, entry, place));
      else if (entry.type === 'requirement') lines.push(requirementLine(text, entry.text));
    }
  };
  visit(entries, requirements);
  text.requirements = requirements.map((line) => `${line}\n`).join('');
  text.constraints = constraints.map((line) => `${line}\n`).join('');
  return text;
}

function localLine(text: RequirementsText, entry: Extract<RequirementEntry, { type: 'local' }>, place: (path: string) => string): string {
  const path = place(entry.file.path);
  text.local.set(path, { file: entry.file, kind: entry.kind });
  const extras = entry.extras.length === 0 ? '' : `[${entry.extras.join(',')}]`;
  const marker = entry.marker === undefined ? '' : ` ; ${entry.marker}`;
  if (entry.name !== undefined) return `${entry.name}${extras} @ file://${encodeURI(path)}${marker}`;
  return `${path}${extras}${marker}`;
}

function requirementLine(text: RequirementsText, line: string): string {
  const [requirement = '', ...options] = line.split(/ (?=--[a-z])/);
  const name = parseRequirement(requirement)?.name;
  for (const option of options) {
    const digest = /^--hash[= ]sha256:([0-9a-f]{64})$/i.exec(option.trim())?.[1]?.toLowerCase();
    if (digest === undefined || name === undefined) continue;
    const known = text.hashes.get(normaliseName(name)) ?? new Set();
    text.hashes.set(normaliseName(name), known.add(digest));
  }
  return requirement.trim();
}

function addOption(text: RequirementsText, name: string, value = ''): void {
  const { options } = text;
  const names = value.split(',').map((item) => item.trim()).filter((item) => item !== '');
  switch (name) {
    case '--index-url':
      options.indexUrl = value;
      break;
    case '--extra-index-url':
      options.extraIndexUrls.push(value);
      break;
    case '--find-links':
      options.findLinks.push(value);
      break;
    case '--trusted-host':
      options.trustedHosts.push(value);
      break;
    case '--no-binary':
      options.noBinary.push(...names);
      break;
    case '--only-binary':
      options.onlyBinary.push(...names);
      break;
    case '--no-index':
      options.noIndex = true;
      break;
    case '--pre':
      options.pre = true;
      break;
    case '--require-hashes':
      text.requireHashes = true;
      break;
    case '--prefer-binary':
    case '--use-feature':
      // Wheels come first anyway, and features are about pip itself.
      break;
    default:
      throw new AppError('UNSUPPORTED_FEATURE', `the option \`${name}\` cannot be resolved with`);
  }
}
