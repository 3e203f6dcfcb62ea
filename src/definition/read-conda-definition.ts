import type { YamlDocument } from '../documents/index.ts';
import type { Definition } from '../schema/index.ts';
import { emptyDefinition } from './defaults.ts';
import { readCondaFile } from './read-conda.ts';
import type { ReadState } from './read-state.ts';

/** A bare conda file as a definition: a Python layer without an image. */
export async function readCondaDefinition(state: ReadState, document: YamlDocument): Promise<Definition> {
  state.mark([], { file: document.source.path, start: 0, end: 0 });
  const { layer, platforms } = await readCondaFile(state, document, [], { at: ['layer'], folder: '.' });
  return { ...emptyDefinition(), layer, platforms };
}
