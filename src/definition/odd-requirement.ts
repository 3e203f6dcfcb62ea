import { isMarker, parseRequirement } from '../requirements/index.ts';

/** What is wrong with a line of a requirements file, and what was meant. */
export interface OddRequirement {
  message: string;
  hint?: string;
  /** The part of the text that is wrong; all of it, if not given. */
  about?: string;
}

/** Slips, and the spelling that was meant. */
const slips: readonly (readonly [slip: RegExp, right: string])[] = [[/=([<>])\s*/, '$1=']];

/** Without what word processors and web pages make of quotes, dashes and comparisons. */
function plain(text: string): string {
  return text
    .replaceAll('≥', '>=')
    .replaceAll('≤', '<=')
    .replaceAll('≠', '!=')
    .replaceAll(/[‐‑–—]/g, '-')
    .replaceAll(/["'“”‘’`]/g, '');
}

export function explainMarker(marker: string): OddRequirement {
  return {
    message: `\`${marker}\` is no environment marker`,
    about: marker,
    hint: 'Write it like `python_version < "3.11" and sys_platform == "linux"`.',
  };
}

/** Says what is wrong with a text that is no requirement, as helpfully as we can. */
export function explainRequirement(text: string): OddRequirement {
  const invisible = /[\p{Cf}\p{Cc}\p{Zs}]/u.exec(text.replaceAll(' ', ''))?.[0];
  if (invisible !== undefined) {
    const code = (invisible.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return {
      message: `\`${text}\` holds a character that cannot be seen (U+${code})`,
      about: invisible,
      hint: 'Type the line anew; such characters come with texts that were copied from a page.',
    };
  }
  const right = slips
    .map(([slip, meant]) => text.replace(slip, meant))
    .concat(plain(text))
    .find((each) => each !== text && parseRequirement(each) !== undefined);
  if (right !== undefined) return { message: `\`${text}\` is no Python requirement`, hint: `Write \`${right}\`.` };
  const single = /^([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?)\s*(=\s*([^=\s].*))$/.exec(text);
  if (single !== null) {
    return {
      message: `\`${text}\` is no Python requirement: a single \`=\` is conda's`,
      hint: `Write \`${single[1]}==${single[3]?.split('=')[0]}\`.`,
      about: single[2],
    };
  }
  const placeholder = /<[A-Za-z][^>]*>|\{\{.*|\{%.*|@@.*/.exec(text)?.[0];
  if (placeholder !== undefined) {
    return { message: `\`${text}\` still has a placeholder`, hint: 'Fill the template in first.', about: placeholder };
  }
  const missingOperator = /^([A-Za-z0-9][A-Za-z0-9._-]*)\s+v?(\d[^\s]*)$/.exec(text);
  if (missingOperator !== null) {
    return {
      message: `\`${text}\` has no operator before the version`,
      hint: `Write \`${missingOperator[1]}==${missingOperator[2]}\`.`,
      about: missingOperator[2],
    };
  }
  const split = text.indexOf(';');
  const before = text.slice(0, split).trim();
  const marker = text.slice(split + 1).trim();
  if (split > 0 && text.includes('@') && parseRequirement(before) !== undefined && isMarker(marker)) {
    return {
      message: `\`${text}\`: the \`;\` counts as a part of the address`,
      hint: 'Put a blank before it.',
      about: text.slice(split),
    };
  }
  if (split > 0 && !isMarker(marker) && parseRequirement(before) !== undefined) return explainMarker(marker);
  const [about, operator, version] = /(~=|<=|>=|<|>)\s*([^\s,;]+)/.exec(text) ?? [];
  if (operator === '~=' && /^v?\d+$/.test(version ?? '')) {
    return {
      message: `\`${text}\`: \`~=\` needs two numbers at least`,
      hint: `Write \`~=${version}.0\`.`,
      about,
    };
  }
  if (version?.includes('+') === true) {
    return {
      message: `\`${text}\`: a local version (\`+…\`) cannot follow \`${operator}\``,
      hint: 'Leave it out, or write `==`.',
      about,
    };
  }
  if (text.includes('::')) {
    return {
      message: `\`${text}\` names a conda channel, and this is a list of Python requirements`,
      hint: 'Move it to the conda dependencies.',
    };
  }
  return {
    message: `\`${text}\` is no Python requirement`,
    hint: 'Write it like `numpy`, `numpy==2.3.5`, `numpy>=2,<3` or `name @ https://…`.',
  };
}
