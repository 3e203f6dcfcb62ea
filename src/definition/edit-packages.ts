import { nearest, type SourceDocument } from '../documents/index.ts';
import { AppError } from '../errors/index.ts';
import { normaliseName, parseCondaSpec, parseRequirement } from '../requirements/index.ts';
import type { Definition, RequirementEntry } from '../schema/index.ts';
import { explainOddSpec } from './odd-conda-spec.ts';
import { explainRequirement } from './odd-requirement.ts';
import type { ReadResult, Span } from './read-result.ts';
import { splitRequirementOptions } from './requirement-line.ts';
import {
  insertItem,
  isInFlow,
  quoteIfNeeded,
  removeItem,
  replaceSpan,
  type SourceStyle,
  type TextEdit,
} from './text-edit.ts';

export interface PackageChanges {
  /** A requirement, or a conda specification (`numpy=1.26`); `pip:` in front of it says that it is for pip. */
  add?: readonly string[];
  /** Names of packages. */
  remove?: readonly string[];
}

type Path = readonly (string | number)[];

/** A package that the definition names, and where. */
interface NamedPackage {
  name: string;
  kind: 'conda' | 'pip';
  path: Path;
}

/**
 * The edits that add and remove packages. Adding one that is there replaces its requirement.
 * @throws AppError USAGE for what cannot be added or is not there.
 */
export function editPackages(read: ReadResult, changes: PackageChanges): TextEdit[] {
  if ([...(changes.add ?? []), ...(changes.remove ?? [])].length > 0) refuseLockFile(read);
  const packages = packagesOf(read);
  const removed = (changes.remove ?? []).flatMap((name) => find(packages, name));
  const left = packages.filter((each) => !removed.includes(each));
  const edits: TextEdit[] = [];
  const newBlock: string[] = [];
  for (const text of changes.add ?? []) {
    const wanted = understand(text, layerOf(read, text).kind);
    if (listFor(read, wanted.kind) === undefined) newBlock.push(wanted.text);
    else edits.push(add(read, { packages: left, removed, edits }, wanted));
  }
  if (newBlock.length > 0) edits.push(addPipBlock(read, removed, newBlock));
  const hollow = edits.length === 0 ? markEmpty(read, removed) : undefined;
  if (hollow !== undefined) edits.push(hollow);
  // What stands where a removed one stood was put there by an addition.
  for (const { path } of removed) {
    const edit = removeItem(read.sources, spanOf(read, path));
    if (!edits.some(({ file, start, end }) => file === edit.file && start < edit.end && edit.start < end))
      edits.push(edit);
  }
  return edits;
}

function refuseLockFile({ definition: { layer } }: ReadResult): void {
  if (layer?.lock === undefined) return;
  throw new AppError(
    'USAGE',
    `the packages are those of the lock file \`${layer.lock.file.path}\`, which says all of them`,
    {
      hint: 'Export it as a file to edit: `terroir env lock REFERENCE --export environment` (or `requirements`).',
    },
  );
}

function packagesOf({ definition: { layer }, localNames }: ReadResult): NamedPackage[] {
  if (layer === undefined) return [];
  if (layer.kind === 'requirements') return entryPackages(localNames, layer.entries, ['layer', 'entries']);
  return layer.dependencies.flatMap((item, index): NamedPackage[] => {
    const path = ['layer', 'dependencies', index];
    if (typeof item !== 'string') return entryPackages(localNames, item.pip, [...path, 'pip']);
    const name = parseCondaSpec(item)?.name;
    return name === undefined ? [] : [{ name, kind: 'conda', path }];
  });
}

function entryPackages(
  localNames: ReadResult['localNames'],
  entries: readonly RequirementEntry[],
  at: Path,
): NamedPackage[] {
  return entries.flatMap((entry, index): NamedPackage[] => {
    const path = [...at, index];
    if (entry.type === 'include') return entryPackages(localNames, entry.entries, [...path, 'entries']);
    const name =
      entry.type === 'requirement'
        ? parseRequirement(splitRequirementOptions(entry.text).requirement)?.name
        : entry.type === 'local'
          ? (entry.name ?? localNames.get(entry.file.path))
          : undefined;
    return name === undefined ? [] : [{ name: normaliseName(name), kind: 'pip', path }];
  });
}

/** A block list that loses all its items has to say that it is an empty list, or its key would have no value at all. */
function markEmpty(read: ReadResult, removed: readonly NamedPackage[]): TextEdit | undefined {
  const { layer } = read.definition;
  const [main] = read.sources;
  const key = /^(["']?)requirements\1\s*:/m.exec(main?.text ?? '');
  if (layer?.kind !== 'requirements' || layer.file !== undefined || main === undefined || key === null)
    return undefined;
  const isRemoved = createIsAmong(removed);
  const first = read.span(['layer', 'entries', 0]);
  const isBlock = first !== undefined && !isInFlow(main.text, first);
  if (!isBlock || !layer.entries.every((_, index) => isRemoved(['layer', 'entries', index]))) return undefined;
  const at = key.index + key[0].length;
  return { file: main.path, start: at, end: at, text: ' []' };
}

/** @throws AppError USAGE if there is none of that name. */
function find(packages: readonly NamedPackage[], text: string): NamedPackage[] {
  const bare = text.replace(/^(?:pip|conda):/, '');
  const name = normaliseName(parseRequirement(bare)?.name ?? bare);
  const found = packages.filter((each) => normaliseName(each.name) === name);
  if (found.length > 0) return found;
  const names = [...new Set(packages.map((each) => each.name))];
  const near = nearest(name, names);
  throw new AppError('USAGE', `\`${bare}\` is not in the definition, so it cannot be removed`, {
    hint: near === undefined ? `It names: ${names.join(', ') || 'no package'}.` : `Did you mean \`${near}\`?`,
  });
}

interface Surroundings {
  /** Those that stay. */
  packages: readonly NamedPackage[];
  removed: readonly NamedPackage[];
  /** Of earlier additions. */
  edits: readonly TextEdit[];
}

function layerOf({ definition: { layer } }: ReadResult, text: string): NonNullable<Definition['layer']> {
  if (layer !== undefined) return layer;
  throw new AppError('USAGE', `\`${text}\` cannot be added: the environment has no Python layer`, {
    hint: 'A user-managed environment brings its packages with the image or with Docker steps.',
  });
}

function add(read: ReadResult, { packages, removed, edits }: Surroundings, wanted: Wanted): TextEdit {
  const there = packages.find(({ name, kind }) => normaliseName(name) === wanted.name && kind === wanted.kind);
  if (there !== undefined) {
    const span = spanOf(read, there.path);
    return replaceSpan(read.sources, span, { text: wanted.text, style: styleOf(read, span.file) });
  }
  const list = listFor(read, wanted.kind);
  if (list === undefined) throw new Error('there is no list for it');
  const isRemoved = createIsAmong(removed);
  const spans = list.items.flatMap((path) => {
    const span = read.span(path);
    return span?.file === list.file ? [{ span, stays: !isRemoved(path) }] : [];
  });
  const isTaken = ({ span }: { span: Span }): boolean =>
    edits.some(({ file, start, end }) => file === span.file && start === span.start && end === span.end);
  const last = spans.findLast((each) => each.stays || isTaken(each));
  if (last !== undefined)
    return insertItem(read.sources, last.span, { text: wanted.text, style: styleOf(read, last.span.file) });
  const free = spans.at(-1);
  if (free !== undefined)
    return replaceSpan(read.sources, free.span, { text: wanted.text, style: styleOf(read, free.span.file) });
  const source = read.sources.find(({ path }) => path === list.file);
  if (source === undefined || read.definition.layer?.kind === 'conda') throw emptyList(wanted.text);
  const gap = source.text === '' || source.text.endsWith('\n') ? '' : '\n';
  return { file: source.path, start: source.text.length, end: source.text.length, text: `${gap}${wanted.text}\n` };
}

function createIsAmong(packages: readonly NamedPackage[]): (path: Path) => boolean {
  const paths = new Set(packages.map(({ path }) => JSON.stringify(path)));
  return (path) => paths.has(JSON.stringify(path));
}

function emptyList(text: string): AppError {
  return new AppError('USAGE', `\`${text}\` cannot be added to an empty list`, {
    hint: 'Add the first package in the file by hand.',
  });
}

/** What is to be added. */
interface Wanted {
  name: string;
  kind: 'conda' | 'pip';
  text: string;
}

function understand(text: string, layer: 'conda' | 'requirements'): Wanted {
  const forPip = layer === 'requirements' || text.startsWith('pip:');
  const bare = text.replace(/^(?:pip|conda):(?!:)/, '').trim();
  const name = forPip ? parseRequirement(bare)?.name : parseCondaSpec(bare)?.name;
  if (name === undefined) {
    const odd = forPip ? explainRequirement(bare) : explainOddSpec(bare);
    throw new AppError('USAGE', odd?.message ?? `\`${bare}\` names no package`, {
      hint: forPip
        ? odd?.hint
        : `${odd?.hint ?? ''} For a package from PyPI put \`pip:\` in front: \`pip:numpy==2.3.5\`.`,
    });
  }
  return { name: normaliseName(name), kind: forPip ? 'pip' : 'conda', text: bare };
}

/** The list that a new item of a kind goes to: its items, and the file that it is in. */
function listFor(read: ReadResult, kind: 'conda' | 'pip'): { items: Path[]; file: string } | undefined {
  const { layer } = read.definition;
  const [main] = read.sources;
  if (layer === undefined || main === undefined) return undefined;
  const file = layer.file?.path ?? main.path;
  if (layer.kind === 'requirements')
    return { items: layer.entries.map((_, index) => ['layer', 'entries', index]), file };
  if (kind === 'conda')
    return {
      items: layer.dependencies.flatMap((item, index) =>
        typeof item === 'string' ? [['layer', 'dependencies', index]] : [],
      ),
      file,
    };
  const block = layer.dependencies.findIndex((item) => typeof item !== 'string' && item.pip.length > 0);
  const pip = layer.dependencies[block];
  if (pip === undefined || typeof pip === 'string') return undefined;
  return { items: pip.pip.map((_, index) => ['layer', 'dependencies', block, 'pip', index]), file };
}

function addPipBlock(read: ReadResult, removed: readonly NamedPackage[], texts: readonly string[]): TextEdit {
  const isRemoved = createIsAmong(removed);
  const last = listFor(read, 'conda')
    ?.items.filter((path) => !isRemoved(path))
    .map((path) => read.span(path))
    .findLast((span) => span !== undefined);
  if (last === undefined) throw emptyList(texts[0] ?? '');
  const { text } = sourceOf(read, last.file);
  const { layer } = read.definition;
  const hasPip =
    layer?.kind === 'conda' &&
    layer.dependencies.some((item) => typeof item === 'string' && parseCondaSpec(item)?.name === 'pip');
  if (isInFlow(text, last)) {
    const items = texts.map((each) => quoteIfNeeded(each, true)).join(', ');
    return { file: last.file, start: last.end, end: last.end, text: `${hasPip ? '' : ', pip'}, {pip: [${items}]}` };
  }
  const lineStart = text.lastIndexOf('\n', last.start) + 1;
  const indent = ' '.repeat(text.slice(lineStart).search(/\S/) + 2);
  const block = ['pip:', ...texts.map((each) => `${indent}  - ${quoteIfNeeded(each, false)}`)].join('\n');
  return insertItem(read.sources, last, { text: hasPip ? block : `pip\n${indent.slice(2)}- ${block}`, style: 'yaml' });
}

/** The main file of most formats and a conda file are YAML; what the others name are requirements. */
function styleOf(read: ReadResult, file: string): SourceStyle {
  const { layer } = read.definition;
  const isMain = file === read.sources[0]?.path;
  if (isMain) return read.format === 'requirements' || read.format === 'dockerfile' ? 'text' : 'yaml';
  return layer?.kind === 'conda' && layer.file?.path === file ? 'yaml' : 'text';
}

function sourceOf(read: ReadResult, file: string): SourceDocument {
  const source = read.sources.find(({ path }) => path === file);
  if (source === undefined) throw new Error(`no source ${file}`);
  return source;
}

function spanOf(read: ReadResult, path: Path): Span {
  const span = read.span(path);
  if (span === undefined) throw new Error(`no place is known for ${path.join('.')}`);
  return span;
}
