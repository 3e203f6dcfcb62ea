/** Something that a definition and lock cannot bring back. */
export interface CaptureFinding {
  kind:
    | 'editable'
    | 'local'
    | 'no-url'
    | 'over-conda'
    | 'modified'
    | 'missing'
    | 'ownerless'
    | 'system-packages'
    | 'no-metadata'
    | 'added';
  message: string;
  hint?: string;
  /** Some of the files it is about, relative to the prefix. */
  paths?: string[];
  /** How many there are. */
  count?: number;
}

const shown = 10;

/** A finding about files; undefined if there are none. */
export function aboutFiles(
  finding: Pick<CaptureFinding, 'kind' | 'hint'>,
  paths: readonly string[],
  message: (files: string) => string,
): CaptureFinding[] {
  if (paths.length === 0) return [];
  const files = paths.length === 1 ? '1 file' : `${paths.length} files`;
  return [{ ...finding, message: message(files), paths: [...paths].sort().slice(0, shown), count: paths.length }];
}
