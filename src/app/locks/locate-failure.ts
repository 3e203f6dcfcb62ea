import { entriesOf } from '../../definition/checks/index.ts';
import type { ReadResult } from '../../definition/index.ts';
import { formatPosition } from '../../documents/index.ts';
import { AppError, isAppError } from '../../errors/index.ts';
import type { EnvironmentVersion, Workspace } from '../../workspace/index.ts';
import { readStored } from '../environments/stored-files.ts';

/**
 * An error about lines of a definition, with the places of those lines in front. What resolves knows no files, only texts, and names those that it
 * means in `details.written`.
 */
export async function locateFailure(
  error: unknown,
  workspace: Workspace,
  version: EnvironmentVersion,
): Promise<unknown> {
  const written = isAppError(error) ? error.details?.written : undefined;
  if (!isAppError(error) || !Array.isArray(written)) return error;
  const read = await readStored(workspace, version);
  if (read === undefined) return error;
  const texts = textsOf(read);
  const places = written.flatMap((text) => {
    const position = texts.find((each) => each.text === text);
    const found = position === undefined ? undefined : read.locate(position.path);
    return found === undefined ? [] : [found];
  });
  if (places.length === 0) return error;
  const { code, message, hint, details, cause } = error;
  return new AppError(code, `${places.map(formatPosition).join(', ')}: ${message}`, {
    hint,
    details: { ...details, positions: places },
    cause,
  });
}

/** Whatever a definition's Python layer has as one text. */
function textsOf(read: ReadResult): { text: string; path: readonly (string | number)[] }[] {
  const { layer } = read.definition;
  const entries = entriesOf(read, { constraints: true }).flatMap(({ path, entry }) => {
    if (entry.type === 'requirement') return [{ path, text: entry.text }];
    return entry.type === 'option' ? [{ path, text: `${entry.name} ${entry.value ?? ''}`.trim() }] : [];
  });
  if (layer?.kind !== 'conda') return entries;
  const channels = layer.channels.map((text, index) => ({ text, path: ['layer', 'channels', index] }));
  const specs = layer.dependencies.flatMap((text, index) =>
    typeof text === 'string' ? [{ text, path: ['layer', 'dependencies', index] }] : [],
  );
  return [...specs, ...entries, ...channels];
}
