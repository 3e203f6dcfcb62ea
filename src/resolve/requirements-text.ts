import { pathToFileURL } from 'node:url';
import { AppError } from '../errors/index.ts';
import { normaliseName, parseRequirement } from '../requirements/index.ts';
import type { Definition, FileReference, RequirementEntry } from '../schema/index.ts';
import type { PypiOptions } from './pypi-resolver.ts';

/** A layer's entries in the form that the resolver is asked with. */
export interface RequirementsText {
  requirements: string;
  constraints: string;
  options: PypiOptions;
  /** Digests that the definition allows, by normalised name. */
  hashes: Map<string, Set<string>>;
  /** pip's rule: on by `--require-hashes`, and as soon as one requirement has a `--hash`. */
  requireHashes: boolean;
  /** What a build is told, by normalised name: `KEY=VALUE`. */
  configSettings: Map<string, string[]>;
  /** The files that a path stands for. */
  local: Map<string, { file: FileReference; kind: 'wheel' | 'sdist' | 'project' }>;
}

/** `place` gives the absolute path at which a file of the definition was laid out. */
export function requirementsText(
  entries: readonly RequirementEntry[],
  place: (path: string) => string,
): RequirementsText {
  const text: RequirementsText = {
    requirements: '',
    constraints: '',
    options: { extraIndexUrls: [], findLinks: [], noIndex: false, pre: false, binaryRules: [], trustedHosts: [] },
    hashes: new Map(),
    requireHashes: false,
    configSettings: new Map(),
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

/** The index addresses that a definition names, in requirements or in `pip:` blocks. */
export function addressesOf({ layer }: Definition): string[] {
  if (layer?.kind === 'requirements') return namedAddresses(layer.entries);
  const blocks = layer?.dependencies.flatMap((item) => (typeof item === 'string' ? [] : [item.pip])) ?? [];
  return blocks.flatMap(namedAddresses);
}

/** Addresses that the entries name as indexes or links, `${VAR}` unexpanded: whoever fetches may need the credentials in them. */
export function namedAddresses(entries: readonly RequirementEntry[]): string[] {
  return entries.flatMap((entry) => {
    if (entry.type === 'include' || entry.type === 'constraint') return namedAddresses(entry.entries);
    if (entry.type !== 'option' || entry.value === undefined) return [];
    return ['--index-url', '--extra-index-url', '--find-links'].includes(entry.name) ? [entry.value] : [];
  });
}

function localLine(
  text: RequirementsText,
  entry: Extract<RequirementEntry, { type: 'local' }>,
  place: (path: string) => string,
): string {
  const path = place(entry.file.path);
  text.local.set(path, { file: entry.file, kind: entry.kind });
  const extras = entry.extras.length === 0 ? '' : `[${entry.extras.join(',')}]`;
  const marker = entry.marker === undefined ? '' : ` ; ${entry.marker}`;
  const address = pathToFileURL(path).href;
  if (entry.name !== undefined) return `${entry.name}${extras} @ ${address}${marker}`;
  return `${address}${extras}${marker}`;
}

function requirementLine(text: RequirementsText, line: string): string {
  const [requirement = '', ...options] = line.split(/ (?=--[a-z])/);
  const name = normaliseName(parseRequirement(requirement)?.name ?? eggOf(requirement) ?? requirement);
  for (const option of options) addOwnOption(text, { name, line }, option.trim());
  return requirement.trim();
}

function eggOf(url: string): string | undefined {
  return /[#&]egg=([A-Za-z0-9._-]+)/.exec(url)?.[1];
}

/** An option behind a requirement. */
function addOwnOption(text: RequirementsText, { name, line }: { name: string; line: string }, option: string): void {
  const [, key = '', value = ''] = /^(--[a-z-]+)[= ]\s*["']?(.*?)["']?$/.exec(option) ?? [];
  if (key === '--hash') {
    const digest = /^sha256:([0-9a-f]{64})$/i.exec(value)?.[1]?.toLowerCase();
    text.requireHashes = true;
    // Others (sha384, sha512) are as good, but an index rarely tells them.
    if (digest === undefined) {
      throw new AppError('UNSUPPORTED_FEATURE', `\`${option}\` of \`${name}\` is no SHA-256 digest`, {
        hint: 'Write it like `--hash=sha256:<64 hex digits>`; `pip hash FILE` prints it.',
        details: { written: [line] },
      });
    }
    text.hashes.set(name, (text.hashes.get(name) ?? new Set()).add(digest));
  } else if (key === '--config-settings' || key === '--config-setting') {
    text.configSettings.set(name, [...(text.configSettings.get(name) ?? []), value]);
  } else {
    throw new AppError(
      'UNSUPPORTED_FEATURE',
      `\`${key || option}\` of \`${name}\` cannot be passed to a build any more`,
      {
        hint: 'pip has dropped it; `--config-settings KEY=VALUE` is what build backends read.',
        details: { written: [line] },
      },
    );
  }
}

function addOption(text: RequirementsText, name: string, value = ''): void {
  const { options } = text;
  switch (name) {
    case '--index-url':
      options.indexUrl = value;
      break;
    case '--extra-index-url':
      options.extraIndexUrls.push(value);
      break;
    case '--find-links':
      options.findLinks.push(checkLinks(value));
      break;
    case '--trusted-host':
      options.trustedHosts.push(value);
      break;
    case '--no-binary':
      options.binaryRules.push({ use: 'source', names: value });
      break;
    case '--only-binary':
      options.binaryRules.push({ use: 'wheels', names: value });
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

/** A version never points to a folder beside a file that may be gone by now. */
function checkLinks(value: string): string {
  if (/^(?:[a-z][a-z0-9+.-]*:|\/|\$\{)/i.test(value)) return value;
  throw new AppError(
    'UNSUPPORTED_FEATURE',
    `\`--find-links ${value}\` is relative to a folder that is not part of the version`,
    {
      hint: 'Name the wheels that you need one by one (`./wheels/x.whl`), or write the absolute path of a folder.',
    },
  );
}
