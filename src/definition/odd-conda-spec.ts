import { nearest } from '../documents/index.ts';
import { parseCondaSpec } from '../requirements/index.ts';

/** What is wrong with a text that stands among conda's dependencies, and what was meant. */
export interface OddSpec {
  message: string;
  hint: string;
}

/** The keys of `name[key=value]` in conda's MatchSpec. */
const fields = [
  'version',
  'build',
  'build_number',
  'channel',
  'subdir',
  'md5',
  'sha256',
  'url',
  'fn',
  'license',
  'features',
  'track_features',
];

/** Explains a text that is no conda specification; undefined if it is one. */
export function explainOddSpec(text: string): OddSpec | undefined {
  if (text === '') return { message: 'the entry is empty', hint: 'Remove it, or write a package.' };
  if (/^[A-Za-z0-9._-]+\[[^\]=]*\]/.test(text))
    return odd(text, 'conda packages have no extras; put it into the `pip:` block.');
  const key = oddField(text);
  if (key !== undefined) {
    const near = nearest(key, fields);
    return {
      message: `\`${text}\`: \`${key}\` is nothing that a conda specification can say`,
      hint: `${near === undefined ? '' : `Did you mean \`${near}\`? `}Allowed: ${fields.map((name) => `\`${name}\``).join(', ')}.`,
    };
  }
  if (parseCondaSpec(text) !== undefined) return undefined;
  const joined = withCommas(text);
  if (joined !== undefined)
    return { message: `\`${text}\`: bounds are joined by a comma`, hint: `Write \`${joined}\`.` };
  return odd(text, meant(text));
}

function odd(text: string, hint: string): OddSpec {
  return { message: `\`${text}\` is no conda specification`, hint };
}

/** A key between brackets that nobody knows. */
function oddField(text: string): string | undefined {
  const inside = /^[^[]+\[(.*)\]\s*$/.exec(text)?.[1] ?? '';
  return [...inside.matchAll(/(?:^|,)\s*([A-Za-z_]+)\s*=(?:"[^"]*"|'[^']*'|[^,]*)/g)]
    .map((match) => match[1] ?? '')
    .find((name) => !fields.includes(name.toLowerCase()));
}

/** `foo>=1 <2` as `foo>=1,<2`. */
function withCommas(text: string): string | undefined {
  const [, name, bounds] = /^([A-Za-z0-9._:/-]+?\s*)([<>!~=].*)$/.exec(text) ?? [];
  if (name === undefined || bounds === undefined || !/\s[<>!~=]/.test(bounds)) return undefined;
  const joined = `${name}${bounds
    .replaceAll(/([<>!~=])\s+/g, '$1')
    .split(/\s*,\s*|\s+(?=[<>!~=])/)
    .join(',')}`;
  return parseCondaSpec(joined) === undefined ? undefined : joined;
}

/** Slips, and the spelling that was meant. */
const slips: readonly (readonly [slip: RegExp, right: string])[] = [
  [/\s*=([<>])\s*/, '$1='],
  [/===/, '=='],
  [/~(?!=)\s*/, '~='],
  [/@/, '='],
  [/^([\w./-]+):(?!:)/, '$1::'],
];

function meant(text: string): string {
  const archive = /^https?:\/\/.*\/([^/]+?)-([^/-]+)-([^/-]+)\.(?:conda|tar\.bz2)(?:#.*)?$/.exec(text);
  if (archive !== null)
    return `Write \`${archive[1]}=${archive[2]}=${archive[3]}\` and add its channel; a list of addresses is an \`@EXPLICIT\` file.`;
  if (/^(?:git|hg|svn)\+|^[a-z]+:\/\/|^\.{0,2}\//.test(text))
    return 'What is not in a conda channel belongs into the `pip:` block.';
  if (text.includes(';')) return 'Markers are for the `pip:` block; a conda file is for every platform.';
  for (const [slip, right] of slips) {
    const corrected = text.replace(slip, right.startsWith('$1=') && /\s=/.test(text) ? ` ${right}` : right);
    if (corrected !== text && parseCondaSpec(corrected) !== undefined) return `Write \`${corrected}\`.`;
  }
  if (/,\s*[A-Za-z]/.test(text)) return 'Write each package on a line of its own.';
  return 'Write it like `numpy`, `numpy=1.26`, `numpy>=1.2,<2` or `conda-forge::numpy=1.26.4=py311_0`.';
}
