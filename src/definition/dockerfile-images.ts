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
  return readImages(text).images;
}

/** The image that the last stage begins with, through the stages that it is made on. Undefined for `scratch` and what has no name yet. */
export function dockerfileBase(text: string): string | undefined {
  return readImages(text).base;
}

function readImages(text: string): { images: DockerfileImage[]; base: string | undefined } {
  const values = new Map<string, string>();
  const stages = new Map<string, string | undefined>([['scratch', undefined]]);
  const images: DockerfileImage[] = [];
  let hasStage = false;
  let base: string | undefined;
  for (const instruction of dockerInstructions(text)) {
    const { keyword, value } = instruction;
    // Arguments behind the first `FROM` belong to a stage, and name no image.
    if (keyword === 'ARG' && !hasStage) for (const [name, given] of argumentsOf(value, values)) values.set(name, given);
    if (keyword === 'FROM') [hasStage, base] = [true, undefined];
    let from = instruction.start;
    for (const written of namesIn(instruction)) {
      const reference = expand(written, keyword === 'FROM' ? values : new Map());
      const start = placeOf(text, written, { start: from, end: instruction.end });
      if (reference === undefined || start === undefined) continue;
      from = start + written.length;
      const stage = reference.toLowerCase();
      const isImage = !stages.has(stage) && !/^\d+$/.test(reference);
      if (isImage) images.push({ reference, start, end: from });
      if (keyword === 'FROM') base = isImage ? reference : stages.get(stage);
    }
    const stage = keyword === 'FROM' ? /\sAS\s+(\S+)\s*$/i.exec(value)?.[1] : undefined;
    if (stage !== undefined) stages.set(stage.toLowerCase(), base);
  }
  return { images, base };
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

/** A name stands behind a blank, or behind the sign of its flag. A comment between the lines of an instruction names nothing. */
function placeOf(text: string, written: string, { start, end }: { start: number; end: number }): number | undefined {
  for (let at = text.indexOf(written, start); at !== -1 && at < end; at = text.indexOf(written, at + 1)) {
    const [before, after] = [text.charAt(at - 1), text.charAt(at + written.length)];
    const isComment = /^\s*#/.test(text.slice(text.lastIndexOf('\n', at) + 1, at));
    if (/[\s=]/.test(before) && /^[\s,]?$/.test(after) && !isComment) return at;
  }
  return undefined;
}

/** One may be made of those before it. */
function argumentsOf(value: string, values: ReadonlyMap<string, string>): [string, string][] {
  const known = new Map(values);
  return [...value.matchAll(/([A-Za-z_]\w*)=("[^"]*"|'[^']*'|\S*)/g)].map(([, name = '', given = '']) => {
    const text = given.replace(/^(["'])(.*)\1$/, '$2');
    // What cannot be known now makes what it is used in unknown, too.
    known.set(name, given.startsWith("'") ? text : (expand(text, known) ?? text));
    return [name, known.get(name) ?? ''];
  });
}

/** These have values in every build, which the engine knows. */
const platformArguments = /^(?:TARGET|BUILD)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)$/;

/** Undefined if a variable has no value here: it may be a platform's, that the engine knows. */
function expand(written: string, values: ReadonlyMap<string, string>): string | undefined {
  const expanded = written.replace(
    /\$(?:\{([A-Za-z_]\w*)(?:(:?[-+])([^}]*))?\}|([A-Za-z_]\w*))/g,
    (whole, braced?: string, form = '', word = '', bare = '') => {
      const name = braced ?? bare;
      const value = values.get(name);
      if (value === undefined && platformArguments.test(name)) return whole;
      const isGiven = form.startsWith(':') ? Boolean(value) : value !== undefined;
      if (form.endsWith('+')) return isGiven ? word : '';
      if (form.endsWith('-')) return isGiven ? value : word;
      return value || whole;
    },
  );
  return expanded.includes('$') ? undefined : expanded;
}
