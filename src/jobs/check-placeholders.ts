import { nearest } from '../documents/index.ts';
import { type CommandPart, parseCommand } from './placeholders.ts';

export interface KnownNames {
  inputs: readonly string[];
  outputs: readonly string[];
  /** Of the inputs: those that may have no value. */
  optionalInputs: readonly string[];
}

export interface PlaceholderProblem {
  message: string;
  hint: string;
}

/** What is wrong with the placeholders of a text, in their order. */
export function checkPlaceholders(text: string, names: KnownNames): PlaceholderProblem[] {
  const check = (parts: readonly CommandPart[], inOptional: boolean): PlaceholderProblem[] =>
    parts.flatMap((part) => {
      if (part.kind === 'optional') return check(part.parts, true);
      if (part.kind === 'unknown') return [unknownPlaceholder(part.written, part.inside, names)];
      if (part.kind === 'input') return checkInput(part.name, part.written, names, inOptional);
      if (part.kind === 'output' && !names.outputs.includes(part.name))
        return [missing('output', part.name, names.outputs)];
      return [];
    });
  return check(parseCommand(text), false);
}

function checkInput(name: string, written: string, names: KnownNames, inOptional: boolean): PlaceholderProblem[] {
  if (!names.inputs.includes(name)) return [missing('input', name, names.inputs)];
  if (inOptional || !names.optionalInputs.includes(name)) return [];
  return [
    {
      message: `the input \`${name}\` is optional, so \`${written}\` may have no value`,
      hint: `Put what depends on it into \`$[[ … ]]\`: \`$[[--${name} \${{inputs.${name}}}]]\`.`,
    },
  ];
}

function missing(kind: 'input' | 'output', name: string, known: readonly string[]): PlaceholderProblem {
  const near = nearest(name, known);
  const list = known.map((one) => `\`${one}\``).join(', ');
  return {
    message: `there is no ${kind} \`${name}\``,
    hint:
      known.length === 0
        ? `The job has no ${kind}s; add it to \`${kind}s\`.`
        : `${near === undefined ? '' : `Did you mean \`${near}\`? `}There are: ${list}.`,
  };
}

function unknownPlaceholder(written: string, inside: string, names: KnownNames): PlaceholderProblem {
  const known = [
    'name',
    ...names.inputs.map((name) => `inputs.${name}`),
    ...names.outputs.map((name) => `outputs.${name}`),
  ];
  const near = nearest(inside, known);
  return {
    message: `\`${written}\` is no placeholder of a job`,
    hint: `${near === undefined ? '' : `Did you mean \`\${{${near}}}\`? `}Write \`\${{inputs.NAME}}\`, \`\${{outputs.NAME}}\` or \`\${{name}}\`.`,
  };
}
