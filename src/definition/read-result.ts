import type { Position, SourceDocument } from '../documents/index.ts';
import type { Definition, DefinitionHeader } from '../schema/index.ts';
import type { ReferencedFile } from './file-access.ts';

export const definitionFormats = ['v2', 'v1', 'conda', 'requirements', 'dockerfile', 'lock'] as const;
export type DefinitionFormat = (typeof definitionFormats)[number];

export type WarningCode =
  | 'base-conda-environment'
  | 'databricks-libraries'
  | 'editable-install'
  | 'left-out-of-lock-file'
  | 'local-find-links'
  | 'meaningless-key'
  | 'names-no-package';

/** Something that is read but has no effect, or not the effect that one might think. */
export interface ReadWarning {
  /** That of the rule under which `env check` tells it. */
  code: WarningCode;
  message: string;
  hint?: string;
  position: Position;
}

/** A stretch of a source text. */
export interface Span {
  file: string;
  start: number;
  end: number;
}

export interface ReadResult {
  format: DefinitionFormat;
  header: DefinitionHeader;
  definition: Definition;
  /** Every text that was read: the main file first, then what it names. */
  sources: SourceDocument[];
  /** Everything that must be kept with a version, the main file excluded. */
  files: ReferencedFile[];
  /** What local projects and source archives are called in their own files, by path; beside the definition, because a fingerprint has their digests. */
  localNames: ReadonlyMap<string, string>;
  warnings: ReadWarning[];
  /** Where a part of `definition` was written, such as `['layer', 'dependencies', 3, 'pip', 0]`; else its nearest ancestor. */
  locate(path: readonly (string | number)[]): Position | undefined;
  /** The stretch of text of exactly that part, if it was written as one. */
  span(path: readonly (string | number)[]): Span | undefined;
}
