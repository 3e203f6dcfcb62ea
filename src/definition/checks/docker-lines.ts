import { positionAt } from '../../documents/index.ts';
import { parseImage } from '../../schema/index.ts';
import { type DockerInstruction, dockerInstructions } from '../dockerfile.ts';
import { dockerfileImages } from '../dockerfile-images.ts';
import { joinPath } from '../read-requirements.ts';
import type { ReadResult } from '../read-result.ts';
import type { Place } from './finding.ts';

export interface DockerLine extends Pick<DockerInstruction, 'keyword' | 'value'> {
  place: Place;
  /** The images that it names. */
  images: string[];
}

/** The Dockerfile of the build context. */
export function dockerfileOf({
  definition: { build },
  sources,
}: ReadResult): ReadResult['sources'][number] | undefined {
  if (build === undefined) return undefined;
  const file = joinPath(build.context.path, build.dockerfilePath);
  return sources.find(({ path }) => path === file);
}

/** The instructions of Docker steps, and of the build context's Dockerfile. */
export function dockerLinesOf(read: ReadResult): DockerLine[] {
  const dockerfile = dockerfileOf(read);
  const steps = read.definition.dockerSteps ?? '';
  return [
    ...linesOf(steps, ({ start, end }) => ({ path: ['dockerSteps'], about: steps.slice(start, end) })),
    ...linesOf(dockerfile?.text ?? '', ({ start }) => placeIn(dockerfile, start)),
  ];
}

function linesOf(text: string, placeOf: (instruction: DockerInstruction) => Place): DockerLine[] {
  const images = dockerfileImages(text);
  return dockerInstructions(text).map((instruction) => {
    const { keyword, value, start, end } = instruction;
    const own = images.filter((image) => image.start >= start && image.end <= end);
    return { keyword, value, place: placeOf(instruction), images: own.map(({ reference }) => reference) };
  });
}

function placeIn(dockerfile: ReadResult['sources'][number] | undefined, start: number): Place {
  return { path: ['build'], position: dockerfile === undefined ? undefined : positionAt(dockerfile, start) };
}

/** The images that a definition is made from, each where it is first named: the base, and what steps or a Dockerfile take files from. */
export function imagesOf(read: ReadResult): { reference: string; place: Place }[] {
  const { image, dockerSteps = '' } = read.definition;
  const dockerfile = dockerfileOf(read);
  const named = [
    ...(image === undefined ? [] : [{ reference: image, place: { path: ['image'] } }]),
    ...dockerfileImages(dockerSteps).map(({ reference, start, end }) => ({
      reference,
      place: { path: ['dockerSteps'], about: withFlag(dockerSteps, start, end) },
    })),
    ...dockerfileImages(dockerfile?.text ?? '').map(({ reference, start }) => ({
      reference,
      place: placeIn(dockerfile, start),
    })),
  ].filter(({ reference }) => parseImage(reference) !== undefined);
  return named.filter(
    ({ reference }, index) => named.findIndex((earlier) => earlier.reference === reference) === index,
  );
}

/** A name in steps together with the flag that it belongs to, because the name alone may stand elsewhere, too. */
function withFlag(steps: string, start: number, end: number): string {
  const flag = /\S*$/.exec(steps.slice(0, start))?.[0] ?? '';
  return flag + steps.slice(start, end);
}
