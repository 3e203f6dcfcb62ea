import { posix } from 'node:path';
import type { SourceDocument } from '../documents/index.ts';
import type { FileReference, RequirementEntry } from '../schema/index.ts';
import { sha256 } from '../schema/index.ts';
import { nameOfProject, nameOfSdist } from './distribution-name.ts';
import { explainConstraint } from './odd-constraint.ts';
import { digestProject } from './project-tree.ts';
import { type ReadState, readReferencedText } from './read-state.ts';
import { type RequirementLine, readRequirementLine, splitOptions } from './requirement-line.ts';
import { createLocatePart, type LocatePart, splitSpan } from './written-place.ts';

type Path = readonly (string | number)[];

/** A logical line: continuations joined, the comment cut off. */
interface LogicalLine {
  text: string;
  start: number;
  end: number;
}

/** Where a line comes from. */
interface LineOrigin {
  /** The folder that its paths start from, relative to the definition's. */
  folder: string;
  locate: LocatePart;
  /** Files that are being read, outermost first: a file that includes itself is refused. */
  chain: readonly string[];
  /** It stands in a file of constraints. */
  constraint: boolean;
}

/** The entries of a requirements file. `at` is where they stand in the definition. */
export async function readRequirementsText(
  state: ReadState,
  source: SourceDocument,
  at: Path,
  { chain, constraint }: Pick<LineOrigin, 'chain' | 'constraint'> = { chain: [], constraint: false },
): Promise<RequirementEntry[]> {
  const entries: RequirementEntry[] = [];
  for (const line of logicalLines(source.text)) {
    const texts = splitOptions(line.text);
    const spans = splitSpan(source, { file: source.path, start: line.start, end: line.end }, texts);
    for (const [index, text] of texts.entries()) {
      const path = [...at, entries.length];
      const span = spans[index] ?? { file: source.path, start: line.start, end: line.end };
      state.mark(path, span);
      const entry = await readRequirementEntry(state, text, path, {
        folder: posix.dirname(source.path),
        locate: createLocatePart(source, span),
        chain: [...chain, source.path],
        constraint,
      });
      if (entry !== undefined) entries.push(entry);
    }
  }
  return entries;
}

/** One entry, its files read and digested. Problems go to the state. */
export async function readRequirementEntry(
  state: ReadState,
  text: string,
  at: Path,
  origin: LineOrigin,
): Promise<RequirementEntry | undefined> {
  const line = readRequirementLine(text);
  const odd = origin.constraint ? explainConstraint(line) : undefined;
  if (odd !== undefined) {
    state.problems.push({ position: origin.locate(), ...odd });
    return undefined;
  }
  switch (line.type) {
    case 'problem':
      state.problems.push({ position: origin.locate(line.about), message: line.message, hint: line.hint });
      return undefined;
    case 'option':
      return line.value === undefined
        ? { type: 'option', name: line.name }
        : readValueOption(state, line.name, line.value, origin);
    case 'requirement':
      if (line.editable) {
        state.warnings.push({
          code: 'editable-install',
          position: origin.locate(),
          message: 'an editable install is made as an ordinary one',
          hint: 'A version is content, not a folder that changes; register again after a change.',
        });
      }
      return { type: 'requirement', text: line.text };
    case 'include':
    case 'constraint':
      return await readInclude(state, line.type, line.path, at, origin);
    case 'path':
      return await readLocal(state, line, origin);
  }
}

function readValueOption(
  state: ReadState,
  name: string,
  value: string,
  origin: LineOrigin,
): RequirementEntry | undefined {
  const isLocalLinks = name === '--find-links' && !/^[a-z][a-z0-9+.-]*:/i.test(value) && !value.includes('${');
  if (isLocalLinks && !posix.isAbsolute(value)) {
    state.problems.push({
      position: origin.locate(value),
      message: `\`--find-links ${value}\` is relative to a folder that is not part of the version`,
      hint: 'Name the wheels that you need one by one (`./wheels/x.whl`), or write the absolute path of a folder.',
    });
    return undefined;
  }
  if (isLocalLinks) {
    state.warnings.push({
      code: 'local-find-links',
      position: origin.locate(value),
      message: `\`--find-links ${value}\` names a folder of this machine`,
      hint: 'Name the wheels that you need one by one (`./wheels/x.whl`): then their content is part of the version.',
    });
  }
  return { type: 'option', name, value };
}

async function readInclude(
  state: ReadState,
  type: 'include' | 'constraint',
  path: string,
  at: Path,
  origin: LineOrigin,
): Promise<RequirementEntry | undefined> {
  const full = joinPath(origin.folder, path);
  if (origin.chain.includes(full)) {
    state.problems.push({
      position: origin.locate(path),
      message: `\`${path}\` includes itself`,
      hint: `The chain is ${[...origin.chain, full].map((file) => `\`${file}\``).join(' → ')}.`,
    });
    return undefined;
  }
  const source = await readReferencedText(state, full, origin.locate(path));
  if (source === undefined) return undefined;
  const entries = await readRequirementsText(state, source, [...at, 'entries'], {
    chain: origin.chain,
    constraint: origin.constraint || type === 'constraint',
  });
  return { type, file: { path: full, digest: sha256(source.text), size: Buffer.byteLength(source.text) }, entries };
}

async function readLocal(
  state: ReadState,
  line: Extract<RequirementLine, { type: 'path' }>,
  origin: LineOrigin,
): Promise<RequirementEntry | undefined> {
  const full = joinPath(origin.folder, line.path);
  const kind = await state.files.kind(full);
  if (kind === undefined) {
    state.problems.push({
      position: origin.locate(line.path),
      message: `\`${line.path}\` does not exist`,
      hint: 'Local wheels and projects are looked for relative to the file that names them.',
    });
    return undefined;
  }
  const base = {
    type: 'local' as const,
    editable: line.editable,
    extras: line.extras,
    name: line.name,
    marker: line.marker,
  };
  if (kind === 'folder') {
    if (!(await isProject(state, full))) {
      state.problems.push({
        position: origin.locate(line.path),
        message: `the folder \`${line.path}\` is no Python project`,
        hint: 'It has none of `pyproject.toml`, `setup.py` and `setup.cfg`.',
      });
      return undefined;
    }
    const tree = await digestProject(state.files, full);
    state.referenced.set(full, tree);
    noteName(state, full, await nameOfProject(state.files, full));
    if (line.editable) {
      state.warnings.push({
        code: 'editable-install',
        position: origin.locate(line.path),
        message: `\`-e ${line.path}\` is built and installed as a wheel, from its content now`,
        hint: 'A later change of the folder is a new version.',
      });
    }
    return { ...base, kind: 'project', file: referenceOf(tree) };
  }
  const bytes = await state.files.readBytes(full);
  if (bytes === undefined) return undefined;
  const isWheel = full.endsWith('.whl');
  if (!isWheel && !/\.(?:tar\.gz|tgz|zip|tar\.bz2|tar\.xz|tar)$/.test(full)) {
    state.problems.push({
      position: origin.locate(line.path),
      message: `\`${line.path}\` is neither a wheel nor a source archive`,
      hint: 'To include a requirements file, write `-r` before it.',
    });
    return undefined;
  }
  const file = { path: full, digest: sha256(bytes), size: bytes.length };
  state.referenced.set(full, { ...file, kind: 'file' });
  noteName(state, full, nameOfSdist(full));
  return { ...base, kind: isWheel ? 'wheel' : 'sdist', file };
}

function noteName(state: ReadState, path: string, name: string | undefined): void {
  if (name !== undefined) state.localNames.set(path, name);
}

async function isProject(state: ReadState, folder: string): Promise<boolean> {
  for (const name of ['pyproject.toml', 'setup.py', 'setup.cfg']) {
    if ((await state.files.kind(joinPath(folder, name))) === 'file') return true;
  }
  return false;
}

function referenceOf({ path, digest, size }: FileReference): FileReference {
  return { path, digest, size };
}

export function joinPath(folder: string, path: string): string {
  const joined = posix.isAbsolute(path) ? posix.normalize(path) : posix.normalize(posix.join(folder, path));
  return joined.length > 1 && joined.endsWith('/') ? joined.slice(0, -1) : joined;
}

function logicalLines(text: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let pending: LogicalLine | undefined;
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  const flush = (): void => {
    if (pending !== undefined) addLine(lines, pending);
    pending = undefined;
  };
  while (start <= text.length) {
    const newline = text.indexOf('\n', start);
    const next = newline === -1 ? text.length : newline;
    const content = text.slice(start, next).replace(/\r$/, '');
    const isComment = /^\s*#/.test(content);
    const continued = content.endsWith('\\') && !isComment;
    const body = isComment ? '' : continued ? content.slice(0, -1) : content;
    const end = start + body.length;
    pending =
      pending === undefined
        ? { text: body, start, end }
        : {
            text: `${pending.text} ${body.trimStart()}`,
            start: pending.start,
            end: body.trim() === '' ? pending.end : end,
          };
    if (!continued) flush();
    if (newline === -1) break;
    start = next + 1;
  }
  flush();
  return lines;
}

function addLine(lines: LogicalLine[], { text, start, end }: LogicalLine): void {
  const comment = /(?:^|\s)#/.exec(text);
  const body = comment === null ? text : text.slice(0, comment.index);
  if (body.trim() === '') return;
  const lead = text.length - text.trimStart().length;
  const cut = comment === null ? text.length - text.trimEnd().length : text.length - body.trimEnd().length;
  lines.push({ text: body.trim(), start: start + lead, end: Math.max(start + lead, end - cut) });
}
