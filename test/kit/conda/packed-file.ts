import type { CondaContent } from '../conda-package.ts';
import { placeholder } from './placeholder.ts';

/** Path → content. */
export type PackedFiles = Record<string, CondaContent>;

/** A file that names the prefix by its placeholder. */
export function withPrefix(content: string | Uint8Array, mode: 'text' | 'binary', executable = false): CondaContent {
  return { content, executable, placeholder: { text: placeholder, mode } };
}
