import { parseCommand } from './placeholders.ts';

/** The inputs that a command has in its `$[[ … ]]` and that got no value: only optional ones can lack it there. */
export function unsetInputs(command: string, given: readonly string[]): string[] {
  const optional = parseCommand(command).flatMap((part) => (part.kind === 'optional' ? part.parts : []));
  const names = optional.flatMap((part) => (part.kind === 'input' ? [part.name] : []));
  return [...new Set(names)].filter((name) => !given.includes(name));
}
