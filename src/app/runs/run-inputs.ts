import { AppError } from '../../errors/index.ts';
import { pathExists } from '../../io/index.ts';
import type { JobInput, RecordedInput } from '../../schema/index.ts';
import { hashTree } from '../../snapshots/index.ts';

/** What the inputs of a job are, for its command and, without what `hide` takes out, for the record. @throws AppError FILE_NOT_FOUND. */
export async function readInputs(
  inputs: Readonly<Record<string, JobInput>>,
  { signal, hide }: { signal: AbortSignal; hide(text: string): string },
): Promise<{ values: Record<string, string | { path: string }>; recorded: Record<string, RecordedInput> }> {
  const values: Record<string, string | { path: string }> = {};
  const recorded: Record<string, RecordedInput> = {};
  for (const [name, input] of Object.entries(inputs)) {
    signal.throwIfAborted();
    if (input.kind === 'literal') {
      values[name] = String(input.value);
      recorded[name] = {
        type: 'literal',
        value: typeof input.value === 'string' ? hide(input.value) : input.value,
      };
      continue;
    }
    if (!(await pathExists(input.path))) {
      throw new AppError('FILE_NOT_FOUND', `the input \`${name}\` is \`${input.path}\`, and that does not exist`, {
        hint: 'Paths in a job are relative to its file.',
      });
    }
    const { digest, size } = await hashTree(input.path, { signal });
    values[name] = { path: input.path };
    recorded[name] = { type: input.type, value: input.path, digest, size };
  }
  return { values, recorded };
}

/** Of the inputs that are files or folders. */
export function pathsOf(inputs: Readonly<Record<string, JobInput>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, input]) => (input.kind === 'path' ? [[name, input.path]] : [])),
  );
}
