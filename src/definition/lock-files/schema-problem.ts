import type * as z from 'zod';

/** What a schema finds, in the words of the file: "`metadata.channels` is missing". */
export function schemaProblem({ path, message, ...issue }: z.core.$ZodIssue): string {
  const name = `\`${path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')}\``;
  if (/received undefined|nonoptional/.test(message)) return `${name} is missing`;
  if (issue.code === 'invalid_value')
    return `${name} must be ${issue.values.map((value) => `\`${String(value)}\``).join(' or ')}`;
  if (issue.code === 'invalid_type') {
    const found = /received (\w+)/.exec(message)?.[1];
    return `${name} must be of the type ${issue.expected}${found === undefined ? '' : `, not ${found}`}`;
  }
  return `${name}: ${message}`;
}
