import type { DefinitionSource } from '../app/index.ts';
import type { DefinitionInput } from './types.ts';

/** A definition as the use cases take it. A text goes without any file. */
export function definitionSource(definition: DefinitionInput): DefinitionSource {
  if ('file' in definition) return { kind: 'path', path: definition.file };
  const { text, path = 'environment.yml' } = definition;
  return { kind: 'uploaded', text, path, files: {} };
}
