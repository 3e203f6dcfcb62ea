import { nearest } from '../documents/index.ts';
import { isMarker, parseRequirement, parseWheelFilename } from '../requirements/index.ts';
import { explainAddress } from './odd-address.ts';
import { explainMarker, explainRequirement, type OddRequirement } from './odd-requirement.ts';

/** A line of a requirements file, understood but with its files not read yet. */
export type RequirementLine =
  | { type: 'requirement'; text: string; editable: boolean }
  | { type: 'option'; name: string; value?: string }
  | { type: 'include' | 'constraint'; path: string }
  | { type: 'path'; path: string; editable: boolean; extras: string[]; name?: string; marker?: string }
  | ({ type: 'problem' } & OddRequirement);

/** pip's options for a file, with the short forms; the value tells whether one follows. */
const fileOptions: Readonly<Record<string, boolean>> = {
  '--index-url': true,
  '--extra-index-url': true,
  '--find-links': true,
  '--trusted-host': true,
  '--no-binary': true,
  '--only-binary': true,
  '--use-feature': true,
  '--no-index': false,
  '--pre': false,
  '--prefer-binary': false,
  '--require-hashes': false,
};
const synonyms: Readonly<Record<string, string>> = {
  '-i': '--index-url',
  '--pypi-url': '--index-url',
  '-f': '--find-links',
  '-r': '--requirement',
  '-c': '--constraint',
  '-e': '--editable',
};
const pathOptions = ['--requirement', '--constraint', '--editable'];
const allOptions = [...Object.keys(fileOptions), ...pathOptions];

/** Others (SHA-384, SHA-512) pip knows as well, but an index rarely tells them. */
const sha256Option = /^--hash[= ]\s*(["']?)sha256:[0-9a-f]{64}\1$/i;

const urlScheme = /^(?:[a-z][a-z0-9+.-]*):\/\//i;
const archiveEnding = /\.(?:whl|tar\.gz|tgz|tar\.bz2|tbz|tar\.xz|txz|tar|zip)$/i;

/** Understands one logical line (continuations joined, comment removed). The text is not empty. */
export function readRequirementLine(raw: string): RequirementLine {
  const text = raw.trim().replaceAll(/\s+/g, ' ');
  return text.startsWith('-') ? readOption(text) : readRequirement(text, false);
}

/** pip reads `--pre --extra-index-url https://…` on one line as two options. A requirement's own options stay with it. */
export function splitOptions(text: string): string[] {
  if (!/^--?[a-z]/i.test(text) || /^(?:-e|--editable)\b/.test(text)) return [text];
  return text.split(/\s+(?=--[a-z]|-[ifrc]\s)/);
}

/** Separates a requirement from its own options: `numpy==1.0 --hash=sha256:…`. */
export function splitRequirementOptions(text: string): { requirement: string; options: string[] } {
  const [requirement = '', ...options] = text.split(/ (?=--[a-z])(?=(?:[^"]*"[^"]*")*[^"]*$)/);
  return { requirement: requirement.trim(), options };
}

function readOption(text: string): RequirementLine {
  const match = /^(--?[A-Za-z][A-Za-z0-9-]*)(?:\s*=\s*|\s+)?(.*)$/.exec(text);
  const short = /^-([ifrce])(\S.*)$/.exec(text);
  const written = short === null || text.startsWith('--') ? (match?.[1] ?? text) : `-${short[1]}`;
  const value = (written === match?.[1] ? match[2] : short?.[2])?.replace(/^["'](.*)["']$/, '$1') ?? '';
  const name = synonyms[written] ?? written;
  if (name === '--editable') {
    if (value === '')
      return {
        type: 'problem',
        message: `\`${written}\` names nothing`,
        hint: 'Write the folder or URL after it: `-e .`.',
      };
    return readRequirement(value, true);
  }
  if (name === '--requirement' || name === '--constraint') {
    if (value === '') return { type: 'problem', message: `\`${written}\` names no file` };
    if (urlScheme.test(value) && !value.startsWith('file:')) {
      return {
        type: 'problem',
        message: `\`${written} ${value}\`: a file on a server can change at any time`,
        hint: 'Download it next to the definition and name it there, so that its content is part of the version.',
        about: value,
      };
    }
    return { type: name === '--requirement' ? 'include' : 'constraint', path: fromFileUrl(value) };
  }
  const takesValue = fileOptions[name];
  if (takesValue === undefined) {
    const near = nearest(written, allOptions);
    return {
      type: 'problem',
      message: `unknown option \`${written}\``,
      hint: `${near === undefined ? '' : `Did you mean \`${near}\`? `}Allowed: ${allOptions.map((option) => `\`${option}\``).join(', ')}.`,
    };
  }
  if (takesValue && value === '') return { type: 'problem', message: `\`${written}\` needs a value` };
  const isIndex = name === '--index-url' || name === '--extra-index-url';
  if (isIndex && !/^(?:https?:\/\/|file:|\$\{|\.{0,2}\/)\S*$/i.test(value))
    return {
      type: 'problem',
      message: `\`${name} ${value}\` names no index`,
      hint: 'Write `https://…` as pip wants it, mostly with `/simple` at its end.',
      about: value,
    };
  if (!takesValue && value !== '')
    return { type: 'problem', message: `\`${written}\` takes no value, found \`${value}\``, about: value };
  return takesValue ? { type: 'option', name, value } : { type: 'option', name };
}

function readRequirement(text: string, editable: boolean): RequirementLine {
  const { requirement, options } = splitRequirementOptions(text);
  const oddOption = options.find((option) => !/^--(?:hash|config-settings?|global-option|build-option)\b/.test(option));
  if (oddOption !== undefined) {
    const word = oddOption.split(/[= ]/)[0] ?? oddOption;
    return {
      type: 'problem',
      message: `\`${word}\` cannot follow a requirement`,
      hint: 'Allowed there: `--hash`, `--config-settings`. Other options go on lines of their own.',
      about: oddOption,
    };
  }
  const oddHash = options.find((option) => /^--hash\b/.test(option) && !sha256Option.test(option));
  if (oddHash !== undefined) {
    return {
      type: 'problem',
      message: `\`${oddHash}\` of \`${requirement}\` is no SHA-256 digest`,
      hint: 'Write it like `--hash=sha256:<64 hex digits>`; `pip hash FILE` prints it.',
      about: oddHash,
    };
  }
  const address = explainAddress(requirement);
  if (address !== undefined) return problem(address);
  const named = /^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*@\s*(.+)$/.exec(requirement);
  if (named !== null) {
    const target = named[3] ?? '';
    if (target.startsWith('file:') || !urlScheme.test(target.replace(/^(?:git|hg|svn|bzr)\+/, ''))) {
      return readPath(target, editable, named[1], named[2]);
    }
    return parseRequirement(requirement) === undefined
      ? problem(explainRequirement(requirement))
      : { type: 'requirement', text, editable };
  }
  if (requirement.startsWith('file:')) return readPath(requirement, editable);
  if (urlScheme.test(requirement) || /^(?:git|hg|svn|bzr)\+/i.test(requirement)) {
    const marker = /\s;\s*(.*)$/.exec(requirement)?.[1];
    return marker === undefined || isMarker(marker)
      ? { type: 'requirement', text, editable }
      : problem(explainMarker(marker));
  }
  if (looksLikePath(requirement) || editable) return readPath(requirement, editable);
  return parseRequirement(requirement) === undefined
    ? problem(explainRequirement(requirement))
    : { type: 'requirement', text, editable };
}

function problem(odd: OddRequirement): RequirementLine {
  return { type: 'problem', ...odd };
}

function looksLikePath(text: string): boolean {
  const [path = ''] = text.split(/\s*;\s*|\[/);
  return (
    path.startsWith('.') ||
    path.startsWith('~') ||
    path.includes('/') ||
    path.includes('\\') ||
    archiveEnding.test(path.trim())
  );
}

function readPath(text: string, editable: boolean, name?: string, namedExtras?: string): RequirementLine {
  const [target = '', marker] = text.split(/\s+;\s*|\s*;\s+/);
  if (marker !== undefined && !isMarker(marker)) return problem(explainMarker(marker));
  const fragment = /#(.*)$/.exec(target)?.[1];
  const bare = target.replace(/#.*$/, '');
  const withExtras = /^(.*?)\[([^\]]*)\]$/.exec(bare);
  const path = fromFileUrl((withExtras?.[1] ?? bare).trim());
  if (/^[A-Za-z]:[\\/]|\\/.test(path)) {
    return {
      type: 'problem',
      message: `\`${path}\` is a Windows path`,
      hint: 'Write it with `/`, relative to the file: `./wheels/x.whl`.',
      about: path,
    };
  }
  const extras = (namedExtras ?? withExtras?.[2] ?? '')
    .split(',')
    .map((extra) => extra.trim())
    .filter((extra) => extra !== '');
  const egg = /(?:^|&)egg=([A-Za-z0-9._-]+)/.exec(fragment ?? '')?.[1];
  const distribution = name ?? egg ?? parseWheelFilename(path.split('/').at(-1) ?? '')?.name;
  return { type: 'path', path, editable, extras, name: distribution, marker };
}

function fromFileUrl(text: string): string {
  if (!text.startsWith('file:')) return text;
  const path = text.replace(/^file:(?:\/\/(?:localhost)?(?=\/))?/, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
