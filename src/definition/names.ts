import { AppError } from '../errors/index.ts';

/** The name of environments that were registered by a submission. */
export const anonymousName = 'anonymous';
const anonymousNames = new Set([anonymousName, 'cliv2anonymousenvironment']);
const reservedPrefixes = ['AzureML', 'Microsoft', 'Terroir-'];
const maximumLength = 255;

export function isAnonymousName(name: string): boolean {
  return anonymousNames.has(name.toLowerCase());
}

/** @throws AppError INVALID_NAME or RESERVED_NAME unless a user may register an environment under the name. */
export function checkName(name: string): void {
  if (name === '')
    throw new AppError('INVALID_NAME', 'Environment name is required', {
      hint: 'Give `--name`, or write `name:` into the file.',
    });
  if (name.length > maximumLength) {
    throw new AppError(
      'INVALID_NAME',
      `the name is ${name.length} characters long; at most ${maximumLength} are allowed`,
    );
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) {
    const found = Array.from(name).find((letter) => !/[A-Za-z0-9_.-]/.test(letter)) ?? name[0];
    throw new AppError(
      'INVALID_NAME',
      `\`${name}\` is no name for an environment: \`${found}\` cannot stand ${found === name[0] ? 'at the beginning' : 'in it'}`,
      {
        hint: 'Allowed are letters, digits, `-`, `_` and `.`; it begins with a letter or a digit.',
      },
    );
  }
  const prefix = reservedPrefixes.find((reserved) => name.toLowerCase().startsWith(reserved.toLowerCase()));
  if (prefix !== undefined) {
    throw new AppError(
      'RESERVED_NAME',
      `Environment name can not start with the prefix ${prefix}: it is reserved for curated environments`,
      {
        hint: 'To alter a curated environment first create a copy of it: `terroir env clone NAME NEW-NAME`.',
      },
    );
  }
  if (isAnonymousName(name)) {
    throw new AppError('RESERVED_NAME', `the name \`${name}\` is reserved for environments without a name`, {
      hint: 'Choose another one.',
    });
  }
}

/** @throws AppError INVALID_NAME unless the text can be a version: any text without control characters. */
export function checkVersion(version: string): void {
  if (version === '' || version !== version.trim() || version.length > maximumLength || /\p{Cc}/u.test(version)) {
    throw new AppError('INVALID_NAME', `\`${version}\` is no version`, {
      hint: `A version is a text of 1 to ${maximumLength} characters, without blanks around it and without control characters.`,
    });
  }
}

/** Azure ML's limits. @throws AppError INVALID_NAME. */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags);
  if (entries.length > 50)
    throw new AppError('INVALID_NAME', `there are ${entries.length} tags; at most 50 are allowed`);
  for (const [key, value] of entries) {
    if (key === '' || key.length > 100)
      throw new AppError(
        'INVALID_NAME',
        `the tag \`${key.slice(0, 40)}\` has a key of ${key.length} characters; 1 to 100 are allowed`,
      );
    if (value.length > 1000)
      throw new AppError(
        'INVALID_NAME',
        `the value of the tag \`${key}\` has ${value.length} characters; at most 1000 are allowed`,
      );
  }
}
