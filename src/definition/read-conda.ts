import { createShapeReader, nearest, type ShapeReader, type YamlDocument, type YamlPath } from '../documents/index.ts';
import type { Platform, PythonLayer, RequirementEntry } from '../schema/index.ts';
import { platforms } from '../schema/index.ts';
import { explainOddSpec } from './odd-conda-spec.ts';
import { readRequirementEntry } from './read-requirements.ts';
import type { ReadState } from './read-state.ts';
import { splitOptions } from './requirement-line.ts';
import { createLocatePart, splitSpan } from './written-place.ts';

type CondaLayer = Extract<PythonLayer, { kind: 'conda' }>;

const keys = ['name', 'channels', 'dependencies', 'prefix', 'variables', 'platforms'];

export interface CondaFile {
  layer: CondaLayer;
  platforms: Platform[];
}

/**
 * Reads a conda file (or an inline one at `root`). The file's own `name` and `prefix` have no meaning here.
 * `folder` is where its paths start, relative to the definition's folder.
 */
export async function readCondaFile(
  state: ReadState,
  document: YamlDocument,
  root: YamlPath,
  place: { at: readonly (string | number)[]; folder: string },
): Promise<CondaFile> {
  const reader = createShapeReader(document);
  const layer: CondaLayer = { kind: 'conda', channels: [], dependencies: [] };
  const result: CondaFile = { layer, platforms: [] };
  if (reader.map(root, keys, 'a conda file')) {
    reader.text([...root, 'name']);
    reader.text([...root, 'prefix']);
    layer.channels = readChannels(state, reader, root, place.at);
    await readDependencies(state, reader, root, layer, place);
    const variables = reader.textMap([...root, 'variables']);
    if (variables !== undefined) layer.variables = variables;
    for (const name of Object.keys(variables ?? {}))
      mark(state, document, [...root, 'variables', name], [...place.at, 'variables', name]);
    for (const path of reader.list([...root, 'platforms']) ?? []) {
      const platform = reader.oneOf(path, platforms);
      if (platform !== undefined) result.platforms.push(platform);
    }
  } else if (reader.problems.length === 0) reader.report(root, 'the conda file is empty', 'It needs `dependencies:`.');
  state.problems.push(...reader.problems);
  return result;
}

function readChannels(
  state: ReadState,
  reader: ShapeReader,
  root: YamlPath,
  at: readonly (string | number)[],
): string[] {
  const path = [...root, 'channels'];
  if (typeof reader.value(path) === 'string') {
    mark(state, reader.document, path, [...at, 'channels', 0]);
    return [reader.text(path) ?? ''];
  }
  const channels: string[] = [];
  for (const item of reader.list(path) ?? []) {
    const channel = reader.text(item)?.trim();
    if (channel === undefined || channel === '') continue;
    if (/^\.{1,2}(?:\/|$)/.test(channel))
      reader.report(
        item,
        `the channel \`${channel}\` is a path relative to nothing`,
        'A version never points into the folder it came from: write the absolute path, or serve the channel.',
      );
    mark(state, reader.document, item, [...at, 'channels', channels.length]);
    channels.push(channel);
  }
  return channels;
}

async function readDependencies(
  state: ReadState,
  reader: ShapeReader,
  root: YamlPath,
  layer: CondaLayer,
  { at, folder }: { at: readonly (string | number)[]; folder: string },
): Promise<void> {
  const path = [...root, 'dependencies'];
  if (!reader.has(path)) {
    const near = Object.keys((reader.value(root) as object | undefined) ?? {}).find(
      (key) => nearest(key, ['dependencies']) !== undefined,
    );
    if (near === undefined)
      reader.report(
        root,
        'the conda file has no `dependencies`',
        'List the packages under `dependencies:`; an empty list is `dependencies: []`.',
      );
    return;
  }
  for (const item of reader.list(path) ?? []) {
    const here = [...at, 'dependencies', layer.dependencies.length];
    mark(state, reader.document, item, here);
    const value = reader.value(item);
    if (value === null) continue;
    if (typeof value === 'object' && !Array.isArray(value)) {
      const pip = await readPipBlock(state, reader, item, here, folder);
      if (pip !== undefined) layer.dependencies.push({ pip });
      continue;
    }
    const text = reader.text(item)?.trim().replaceAll(/\s+/g, ' ');
    if (text === undefined) continue;
    if (checkSpec(reader, item, text)) layer.dependencies.push(text);
  }
}

function checkSpec(reader: ShapeReader, path: YamlPath, text: string): boolean {
  if (text.startsWith('-')) {
    reader.report(path, `\`${text}\` is no conda package`, 'Options and `-r` files belong into the `pip:` block.');
    return false;
  }
  if (/<[A-Za-z][^>]*>|\{\{|\{%|@@/.test(text)) {
    reader.report(path, `\`${text}\` still has a placeholder`, 'Fill the template in first.');
    return false;
  }
  const odd = explainOddSpec(text);
  if (odd === undefined) return true;
  reader.report(path, odd.message, odd.hint);
  return false;
}

async function readPipBlock(
  state: ReadState,
  reader: ShapeReader,
  item: YamlPath,
  here: readonly (string | number)[],
  folder: string,
): Promise<RequirementEntry[] | undefined> {
  const found = Object.keys(reader.value(item) as object);
  if (!found.includes('pip') || found.length > 1) {
    const odd = found.find((key) => key !== 'pip') ?? '';
    const value = reader.value([...item, odd]);
    const isVersion = typeof value === 'string' || typeof value === 'number';
    const version = isVersion ? reader.text([...item, odd]) : undefined;
    const meant = version === undefined ? undefined : `Write \`${odd}=${version}\`.`;
    reader.report(
      item,
      `\`${odd}:\` cannot stand in a list of dependencies; only \`pip:\` can`,
      odd.toLowerCase() === 'pip' ? 'Did you mean `pip:`?' : meant,
      'key',
    );
    return undefined;
  }
  const path = [...item, 'pip'];
  const items = typeof reader.value(path) === 'string' ? [path] : (reader.list(path) ?? []);
  const entries: RequirementEntry[] = [];
  for (const each of items) {
    const text = reader.text(each)?.trim();
    if (text === undefined || text === '' || text.startsWith('#')) continue;
    const place = { document: reader.document, item: each, folder };
    await readRequirementItem(state, text, place, { entries, at: [...here, 'pip'] });
  }
  return entries;
}

/** Adds the entries that one item of a list holds. Without a file around it, a `#` begins a comment as in a file. */
export async function readRequirementItem(
  state: ReadState,
  text: string,
  { document, item, folder }: { document: YamlDocument; item: YamlPath; folder: string },
  { entries, at }: { entries: RequirementEntry[]; at: readonly (string | number)[] },
): Promise<void> {
  const parts = splitOptions(text.replace(/\s#.*$/, '').trim());
  const range = document.range(item);
  const { source } = document;
  const whole = range === undefined ? undefined : { file: source.path, ...range };
  const spans = whole === undefined ? [] : splitSpan(source, whole, parts);
  for (const [index, part] of parts.entries()) {
    const path = [...at, entries.length];
    const span = spans[index];
    if (span !== undefined) state.mark(path, span);
    const entry = await readRequirementEntry(state, part, path, {
      folder,
      locate: span === undefined ? () => document.locate(item) : createLocatePart(source, span),
      chain: [],
      constraint: false,
    });
    if (entry !== undefined) entries.push(entry);
  }
}

function mark(state: ReadState, document: YamlDocument, from: YamlPath, to: readonly (string | number)[]): void {
  const range = document.range(from);
  if (range !== undefined) state.mark(to, { file: document.source.path, ...range });
}

/** Marks where a value stands; for readers of other formats. */
export const markValue = mark;
