import { AppError } from '../errors/index.ts';

type Environment = Record<string, string | undefined>;

/** pip's form of a variable in a line. */
const variable = /\$\{([A-Z0-9_]+)\}/g;

/**
 * The text with `${NAME}` replaced, as pip does it.
 * @throws AppError UNAUTHORIZED for a variable that is not set.
 */
export function expandVariables(text: string, env: Environment): string {
  return text.replaceAll(variable, (whole, name: string) => {
    const value = env[name];
    if (value !== undefined) return value;
    throw new AppError('UNAUTHORIZED', `the definition has \`${whole}\` in an address, and the variable is not set`, {
      hint: `Set ${name} in your environment.`,
    });
  });
}

/** Puts the variables that `source` names back into texts that were made from it: a token in a path must not get into a lock. */
export function hideVariables(source: string, env: Environment): (text: string) => string {
  const values = [...source.matchAll(variable)].flatMap(([whole, name = '']) => {
    const value = env[name] ?? '';
    // What is shorter stands in too many places by chance.
    return value.length < 3 ? [] : [value, encodeURIComponent(value)].map((written) => ({ whole, written }));
  });
  const longestFirst = values.sort((a, b) => b.written.length - a.written.length);
  return (text) => longestFirst.reduce((all, { whole, written }) => all.replaceAll(written, whole), text);
}
