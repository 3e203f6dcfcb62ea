import { posix } from 'node:path';
import { positionAt, type SourceDocument } from '../documents/index.ts';
import { type Definition, parseImage } from '../schema/index.ts';
import { emptyDefinition } from './defaults.ts';
import { dockerInstructions } from './dockerfile.ts';
import { checkDockerfile, readContext } from './read-context.ts';
import type { ReadState } from './read-state.ts';

/**
 * A bare Dockerfile. With a single stage on a literal base, and nothing taken from the context, it says the same as `image` and `docker_steps`;
 * then the folder around it has no part in the version. Otherwise its folder is the build context.
 */
export async function readDockerfile(state: ReadState, source: SourceDocument): Promise<Definition> {
  const definition = emptyDefinition();
  const simple = simpleForm(source.text);
  if (simple !== undefined) {
    checkDockerfile(state, source);
    state.mark(['image'], { file: source.path, start: simple.fromStart, end: simple.fromEnd });
    state.mark(['dockerSteps'], { file: source.path, start: simple.fromEnd, end: source.text.length });
    return { ...definition, image: simple.image, dockerSteps: simple.steps === '' ? undefined : simple.steps };
  }
  const position = positionAt(source, 0);
  const name = posix.basename(source.path);
  const build = await readContext(state, {
    folder: posix.dirname(source.path),
    dockerfilePath: name,
    position,
    dockerfilePosition: position,
  });
  state.mark(['build'], { file: source.path, start: 0, end: source.text.length });
  return { ...definition, build };
}

export interface SimpleDockerfile {
  image: string;
  steps: string;
  fromStart: number;
  fromEnd: number;
}

/** Undefined if it takes more than a base and steps. */
export function simpleForm(text: string): SimpleDockerfile | undefined {
  const instructions = dockerInstructions(text);
  const [from, ...steps] = instructions;
  if (from?.keyword !== 'FROM' || steps.some(({ keyword }) => keyword === 'FROM')) return undefined;
  const image = /^(?<image>[^\s$]+)$/.exec(from.value)?.groups?.image;
  if (image === undefined || image === 'scratch' || parseImage(image) === undefined) return undefined;
  if (/^\s*#\s*(?:syntax|escape)\s*=/im.test(text.slice(0, from.start))) return undefined;
  const takesContext = steps.some(
    ({ keyword, value }) =>
      (keyword === 'COPY' && !value.includes('<<')) ||
      keyword === 'ADD' ||
      (keyword === 'RUN' && value.includes('--mount')),
  );
  if (takesContext) return undefined;
  return { image, steps: text.slice(from.end).trim(), fromStart: from.start, fromEnd: from.end };
}
