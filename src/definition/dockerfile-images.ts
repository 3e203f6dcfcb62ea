import { type DockerInstruction, dockerInstructions } from './dockerfile.ts';

/** An image that a Dockerfile takes something from. */
export interface DockerfileImage {
  /** With the values that `ARG` lines before the first `FROM` give. */
  reference: string;
  /** Where it stands in the text. */
  start: number;
  end: number;
}

/**
 * The images that a Dockerfile names: in `FROM`, in `COPY --from=`, and in mounts of `RUN` (Dockerfile reference). Its own stages, and what only
 * becomes a name while it is built, are none.
 */
export function dockerfileImages(text: string): DockerfileImage[] {
  const values = new Map<string, string>();
  const stages = new Set<string>(['scratch']);
  const images: DockerfileImage[] = [];
  let hasStage = false;
  for (const instruction of dockerInstructions(text)) {
    const { keyword, value } = instruction;
    // Arguments behind the first `FROM` belong to a stage, and name no image.
    if (keyword === 'ARG' && !hasStage) for (const [name, given] of argumentsOf(value)) values.set(name, given);
    if (keyword === 'FROM') hasStage = true;
    for (const written of namesIn(instruction)) {
      const reference = expand(written, keyword === 'FROM' ? values : new Map());
      if (reference === undefined || stages.has(reference.toLowerCase()) || /^\d+$/.test(reference)) continue;
      const start = placeOf(text, instruction, written);
      if (start !== undefined) images.push({ reference, start, end: start + written.length });
    }
    const stage = keyword === 'FROM' ? /\sAS\s+(\S+)\s*$/i.exec(value)?.[1] : undefined;
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  return images;
}

/** The text with other names for some of its images. */
export function replaceImages(text: string, names: ReadonlyMap<string, string>): string {
  let changed = text;
  for (const { reference, start, end } of dockerfileImages(text).toReversed()) {
    const name = names.get(reference);
    if (name !== undefined) changed = changed.slice(0, start) + name + changed.slice(end);
  }
  return changed;
}

/** As they are written. */
function namesIn({ keyword, value }: DockerInstruction): string[] {
  const [line = ''] = value.split('\n');
  if (keyword === 'FROM') return [/^(?:--\S+\s+)*(\S+)/.exec(line)?.[1] ?? ''].filter((name) => name !== '');
  const flags = /^(?:--\S+\s+)*/.exec(line)?.[0].trim().split(/\s+/) ?? [];
  if (keyword === 'COPY') return flags.flatMap((flag) => /^--from=(\S+)$/.exec(flag)?.[1] ?? []);
  if (keyword === 'RUN') return flags.flatMap((flag) => /^--mount=(?:\S*,)?from=([^\s,]+)/.exec(flag)?.[1] ?? []);
  return [];
}

/** A name stands behind a blank, or behind the sign of its flag. */
function placeOf(text: string, { start, end }: DockerInstruction, written: string): number | undefined {
  for (let at = text.indexOf(written, start); at !== -1 && at < end; at = text.indexOf(written, at + 1)) {
    const [before, after] = [text.charAt(at - 1), text.charAt(at + written.length)];
    if (/[\s=]/.test(before) && /^[\s,]?$/.test(after)) return at;
  }
  return undefined;
}

function argumentsOf(value: string): [string, string][] {
  return [...value.matchAll(/([A-Za-z_]\w*)=("[^"]*"|'[^']*'|\S*)/g)].map(([, name = '', given = '']) => [
    name,
    given.replace(/^(["'])(.*)\1$/, '$2'),
  ]);
}

/** Undefined if a variable has no value here: it may be a platform's, that the engine knows. */
function expand(written: string, values: ReadonlyMap<string, string>): string | undefined {
  const expanded = written.replace(
    /\$(?:\{([A-Za-z_]\w*)(?::-([^}]*))?\}|([A-Za-z_]\w*))/g,
    (whole, braced?: string, otherwise?: string, bare?: string) =>
      (values.get(braced ?? bare ?? '') || otherwise) ?? whole,
  );
  return expanded.includes('$') ? undefined : expanded;
}
