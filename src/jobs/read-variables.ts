import type { JobVariable } from '../schema/index.ts';
import type { JobReader } from './job-reader.ts';

/** `environment_variables`. The value `secret:NAME` takes NAME from whoever submits the job. */
export function readVariables({ shape }: JobReader): Record<string, JobVariable> {
  const variables: Record<string, JobVariable> = {};
  for (const [name, value] of Object.entries(shape.textMap(['environment_variables']) ?? {})) {
    const path = ['environment_variables', name];
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      shape.report(
        path,
        `\`${name}\` is no name for a variable`,
        'Names have letters, digits and `_`, and begin with no digit.',
        'key',
      );
    if (value.includes('\0')) shape.report(path, `the variable \`${name}\` holds a NUL character`);
    if (/\$\{\{/.test(value))
      shape.report(
        path,
        `placeholders have no meaning in \`${name}\``,
        'They are for `command`; set the variable there: `NAME=${{inputs.x}} python train.py`.',
      );
    const secret = /^secret:\s*(.*)$/.exec(value)?.[1];
    if (secret !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(secret))
      shape.report(
        path,
        `\`${value}\` names no variable`,
        'Write `secret:NAME`, where NAME is a variable of your own environment.',
      );
    variables[name] = secret === undefined ? { kind: 'literal', value } : { kind: 'secret', variable: secret };
  }
  return variables;
}
