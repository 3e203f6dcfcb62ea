/** A command taken apart. */
export type CommandPart =
  | { kind: 'text'; text: string }
  | { kind: 'input' | 'output'; name: string; written: string }
  | { kind: 'name'; written: string }
  /** `${{…}}` with something else inside. */
  | { kind: 'unknown'; inside: string; written: string }
  /** `$[[ … ]]`: it stays if all inputs in it have values. */
  | { kind: 'optional'; parts: CommandPart[]; written: string };

const placeholder = /\$\{\{([^}]*)\}\}/g;
const optionalPart = /\$\[\[([\s\S]*?)\]\]/g;

/** Takes a command apart. Whatever is neither placeholder nor optional part is the shell's. */
export function parseCommand(command: string): CommandPart[] {
  return split(command, optionalPart, parsePlaceholders, (match) => ({
    kind: 'optional',
    parts: parsePlaceholders(match[1] ?? ''),
    written: match[0],
  }));
}

function parsePlaceholders(text: string): CommandPart[] {
  return split(
    text,
    placeholder,
    (rest) => [{ kind: 'text', text: rest }],
    ([written, inside = '']) => readPlaceholder(inside.trim(), written),
  );
}

function readPlaceholder(inside: string, written: string): CommandPart {
  if (inside === 'name') return { kind: 'name', written };
  const [, kind, name] = /^(inputs|outputs)\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(inside) ?? [];
  if (name === undefined) return { kind: 'unknown', inside, written };
  return { kind: kind === 'inputs' ? 'input' : 'output', name, written };
}

function split(
  text: string,
  pattern: RegExp,
  between: (rest: string) => CommandPart[],
  toPart: (match: RegExpExecArray) => CommandPart,
): CommandPart[] {
  const parts: CommandPart[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) parts.push(...between(text.slice(at, match.index)));
    parts.push(toPart(match));
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(...between(text.slice(at)));
  return parts;
}
