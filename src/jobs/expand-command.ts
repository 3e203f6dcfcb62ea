import { AppError } from '../errors/index.ts';
import { checkPlaceholders } from './check-placeholders.ts';
import { type CommandPart, parseCommand } from './placeholders.ts';
import { followQuotes, type QuoteState, quoteFor } from './shell-quote.ts';

/** What the placeholders of a command stand for. */
export interface CommandValues {
  /** A text is inserted as it is, as Azure ML does; a path is quoted where the shell would take it apart. */
  inputs: Readonly<Record<string, string | { path: string }>>;
  /** Absolute paths. */
  outputs: Readonly<Record<string, string>>;
  /** Optional inputs; those of them that are not in `inputs` drop their `$[[ … ]]`. */
  optionalInputs?: readonly string[];
  /** For `${{name}}`: the run's id. */
  name?: string;
}

/**
 * Replaces `${{inputs.x}}`, `${{outputs.x}}` and `${{name}}`; of `$[[ … ]]` the content stays if every input in it has a value, else nothing.
 * @throws AppError INVALID_JOB for a name that is not there, with the nearest that is.
 */
export function expandCommand(command: string, values: CommandValues): string {
  const { inputs, outputs, optionalInputs = [] } = values;
  const unset = optionalInputs.filter((name) => !Object.hasOwn(inputs, name));
  const names = { inputs: [...Object.keys(inputs), ...unset], outputs: Object.keys(outputs), optionalInputs: unset };
  const [problem] = checkPlaceholders(command, names);
  if (problem !== undefined)
    throw new AppError('INVALID_JOB', `in the command, ${problem.message}`, { hint: problem.hint });
  let state: QuoteState = 'plain';
  let expanded = '';
  const append = (text: string): void => {
    expanded += text;
    state = followQuotes(state, text);
  };
  const appendPart = (part: CommandPart): void => {
    if (part.kind === 'optional') {
      if (!part.parts.some((inner) => inner.kind === 'input' && unset.includes(inner.name)))
        part.parts.forEach(appendPart);
    } else append(textOf(part, values, state));
  };
  parseCommand(command).forEach(appendPart);
  return expanded;
}

function textOf(
  part: Exclude<CommandPart, { kind: 'optional' }>,
  { inputs, outputs, name }: CommandValues,
  state: QuoteState,
): string {
  if (part.kind === 'text') return part.text;
  if (part.kind === 'name') return name ?? '';
  if (part.kind === 'output') return quoteFor(state, outputs[part.name] ?? '');
  if (part.kind === 'unknown') return part.written;
  const value = inputs[part.name] ?? '';
  return typeof value === 'string' ? value : quoteFor(state, value.path);
}
