import { type Position, positionAt, type SourceDocument } from '../documents/index.ts';
import type { Definition } from '../schema/index.ts';
import { parseDockerIgnore } from './docker-ignore.ts';
import { unknownInstruction } from './docker-steps.ts';
import { dockerInstructions, dockerKeywords } from './dockerfile.ts';
import { joinPath } from './read-requirements.ts';
import { decodeText, type ReadState } from './read-state.ts';
import { digestTree } from './tree-digest.ts';

/** Reads a build context: its Dockerfile is checked, its content digested after `.dockerignore`. */
export async function readContext(
  state: ReadState,
  place: { folder: string; dockerfilePath: string; position: Position; dockerfilePosition: Position },
): Promise<Definition['build']> {
  const { folder, dockerfilePath } = place;
  if ((await state.files.kind(folder)) !== 'folder') {
    state.problems.push({
      position: place.position,
      message: `the build context \`${folder}\` is no folder`,
      hint: 'Paths are relative to the file that names them.',
    });
    return undefined;
  }
  const dockerfile = joinPath(folder, dockerfilePath);
  const bytes = await state.files.readBytes(dockerfile);
  const text = bytes === undefined ? undefined : decodeText(bytes);
  if (text === undefined) {
    state.problems.push({
      position: place.dockerfilePosition,
      message:
        bytes === undefined
          ? `the Dockerfile \`${dockerfilePath}\` does not exist in \`${folder}\``
          : `\`${dockerfile}\` is not UTF-8 text`,
      hint: '`dockerfile_path` is relative to the context `path`.',
    });
    return undefined;
  }
  const source = { path: dockerfile, text };
  if (!state.sources.some(({ path }) => path === dockerfile)) state.sources.push(source);
  checkDockerfile(state, source);
  const isIgnored = await readIgnore(state, folder, dockerfilePath);
  const tree = await digestTree(state.files, folder, {
    ignored: ({ path }) => path !== dockerfilePath && isIgnored(path),
    skip: (path) => path === '.terroir',
  });
  state.referenced.set(folder, tree);
  return { context: { path: folder, digest: tree.digest, size: tree.size }, dockerfilePath };
}

export function checkDockerfile(state: ReadState, source: SourceDocument): void {
  const instructions = dockerInstructions(source.text);
  const report = (start: number, message: string, hint?: string): void => {
    state.problems.push({ position: positionAt(source, start), message, hint });
  };
  for (const { keyword, start } of instructions) {
    if (!dockerKeywords.includes(keyword)) {
      const { message, hint } = unknownInstruction(keyword);
      report(start, message, hint);
    }
  }
  const first = instructions.find(({ keyword }) => keyword !== 'ARG');
  if (first === undefined) report(0, 'the Dockerfile has no instruction', 'It begins with `FROM`.');
  else if (first.keyword !== 'FROM' && dockerKeywords.includes(first.keyword)) {
    report(first.start, `the first instruction must be \`FROM\`, not \`${first.keyword}\``);
  }
}

/** `<Dockerfile>.dockerignore` beside the Dockerfile wins over the context's own. */
async function readIgnore(
  state: ReadState,
  folder: string,
  dockerfilePath: string,
): Promise<(path: string) => boolean> {
  for (const name of [`${dockerfilePath}.dockerignore`, '.dockerignore']) {
    const bytes = await state.files.readBytes(joinPath(folder, name));
    const text = bytes === undefined ? undefined : decodeText(bytes);
    if (text !== undefined) return parseDockerIgnore(text);
  }
  return () => false;
}
