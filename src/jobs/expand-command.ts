import { nearest } from '../documents/index.ts';
import { AppError } from '../errors/index.ts';

export interface PlaceholderValues {
  /** By name: a literal, or a path on this machine. Undefined for an optional input that nobody set. */
  inputs: Readonly<Record<string, string | undefined>>;
  outputs: Readonly<Record<string, string>>;
}

/**
 * Fills in `${{inputs.x}}` and `${{outputs.x}}`. A part in `$[[ … ]]` is dropped if it names an optional input that is not set.
 * @throws AppError INVALID_JOB naming the placeholder and the nearest right one.
 */
export function expandCommand(command: string, values: PlaceholderValues): string {
  const withOptional = command.replaceAll(/\$\[\[([\s\S]*?)\]\]/g, (_, part: string) => {
    const unset = placeholders(part).some(({ kind, name }) => kind === 'inputs' && Object.hasOwn(values.inputs, name) && values.inputs[name] === undefined);
    return unset ? '' : part;
  });
  return withOptional.replaceAll(/\$\{\{\s*([^}]*?)\s*\}\}/g, (whole, text: string) => valueOf(whole, text, values));
}

function placeholders(text: string): { kind: string; name: string }[] {
  return [...text.matchAll(/\$\{\{\s*(inputs|outputs)\.([^}\s]+)\s*\}\}/g)].map((match) => ({ kind: match[1] ?? '', name: match[2] ?? '' }));
}

function valueOf(whole: string, text: string, { inputs, outputs }: PlaceholderValues): string {
  const [kind, name] = [text.slice(0, text.indexOf('.')), text.slice(text.indexOf('.') + 1)];
  const known = kind === 'inputs' ? inputs : kind === 'outputs' ? outputs : undefined;
  if (known !== undefined && Object.hasOwn(known, name)) {
    const value = known[name];
    if (value !== undefined) return value;
    throw new AppError('INVALID_JOB', `the command uses \`${whole}\`, and the input \`${name}\` has no value`, { hint: `Set it (\`--input ${name}=…\`), or put the part that needs it into \`$[[ … ]]\`.` });
  }
  const all = [...Object.keys(inputs).map((key) => `inputs.${key}`), ...Object.keys(outputs).map((key) => `outputs.${key}`)];
  const near = nearest(text, all);
  throw new AppError('INVALID_JOB', `the command uses \`${whole}\`, and the job has no such input or output`, {
    hint: near === undefined ? `It has: ${all.map((each) => `\`\${{${each}}}\``).join(', ') || 'none'}.` : `Did you mean \`\${{${near}}}\`?`,
  });
}
