import type { SourceDocument } from '../documents/index.ts';
import { nearest } from '../documents/index.ts';
import { AppError } from '../errors/index.ts';
import { normaliseName, parseCondaSpec, parseRequirement } from '../requirements/index.ts';
import type { RequirementEntry } from '../schema/index.ts';
import type { ReadResult, Span } from './read-result.ts';
import { splitRequirementOptions } from './requirement-line.ts';
import { applyEdits, insertItem, removeItem, replaceSpan, setTopLevel, type TextEdit } from './text-edit.ts';

export interface CloneChanges {
  /** A requirement, or a conda specification (`numpy=1.26`); `pip:` in front of it says that it is for pip. */
  add?: readonly string[];
  /** Names of packages. */
  remove?: readonly string[];
  image?: string;
  python?: string;
}

type Path = readonly (string | number)[];

/** A package that the definition names, and where. */
interface NamedPackage {
  name: string;
  kind: 'conda' | 'pip';
  path: Path;
}

/**
 * The sources with the changes in them; comments, order and spacing stay. Adding a package that is there replaces its requirement.
 * @throws AppError USAGE for what cannot be added or is not there.
 */
export function editSources(read: ReadResult, changes: CloneChanges): SourceDocument[] {
  const edits: TextEdit[] = [];
  const packages = packagesOf(read);
  const lock = read.definition.layer?.lock;
  if (lock !== undefined && [...(changes.add ?? []), ...(changes.remove ?? [])].length > 0) {
    throw new AppError(
      'USAGE',
      `the packages are those of the lock file \`${lock.file.path}\`, which says all of them`,
      {
        hint: 'Export it as a file to edit: `terroir env lock REFERENCE --export environment` (or `requirements`).',
      },
    );
  }
  for (const name of changes.remove ?? []) edits.push(...remove(read, packages, name));
  for (const text of changes.add ?? []) edits.push(add(read, packages, text));
  let sources = applyEdits(read.sources, edits);
  if (changes.image !== undefined) sources = setImage(read, sources, changes.image);
  if (changes.python !== undefined) sources = setPython(read, sources, changes.python);
  return sources;
}

function packagesOf(read: ReadResult): NamedPackage[] {
  const { layer } = read.definition;
  if (layer === undefined) return [];
  if (layer.kind === 'requirements') return entryPackages(layer.entries, ['layer', 'entries']);
  return layer.dependencies.flatMap((item, index): NamedPackage[] => {
    const path = ['layer', 'dependencies', index];
    if (typeof item !== 'string') return entryPackages(item.pip, [...path, 'pip']);
    const name = parseCondaSpec(item)?.name;
    return name === undefined ? [] : [{ name, kind: 'conda', path }];
  });
}

function entryPackages(entries: readonly RequirementEntry[], at: Path): NamedPackage[] {
  return entries.flatMap((entry, index): NamedPackage[] => {
    const path = [...at, index];
    if (entry.type === 'include') return entryPackages(entry.entries, [...path, 'entries']);
    const name =
      entry.type === 'requirement'
        ? parseRequirement(splitRequirementOptions(entry.text).requirement)?.name
        : entry.type === 'local'
          ? entry.name
          : undefined;
    return name === undefined ? [] : [{ name: normaliseName(name), kind: 'pip', path }];
  });
}

function remove(read: ReadResult, packages: readonly NamedPackage[], text: string): TextEdit[] {
  const bare = text.replace(/^(?:pip|conda):/, '');
  const name = normaliseName(parseRequirement(bare)?.name ?? bare);
  const found = packages.filter((each) => normaliseName(each.name) === name);
  if (found.length === 0) {
    const names = [...new Set(packages.map((each) => each.name))];
    const near = nearest(name, names);
    throw new AppError('USAGE', `\`${bare}\` is not in the definition, so it cannot be removed`, {
      hint: near === undefined ? `It names: ${names.join(', ') || 'no package'}.` : `Did you mean \`${near}\`?`,
    });
  }
  return found.map(({ path }) => removeItem(read.sources, spanOf(read, path)));
}

function add(read: ReadResult, packages: readonly NamedPackage[], text: string): TextEdit {
  const { layer } = read.definition;
  if (layer === undefined) {
    throw new AppError('USAGE', `\`${text}\` cannot be added: the environment has no Python layer`, {
      hint: 'A user-managed environment brings its packages with the image or with Docker steps.',
    });
  }
  const wanted = understand(text, layer.kind);
  const there = packages.find(({ name, kind }) => normaliseName(name) === wanted.name && kind === wanted.kind);
  if (there !== undefined) return replaceSpan(read.sources, spanOf(read, there.path), wanted.text);
  const list = listFor(read, wanted.kind);
  if (list === undefined) return addPipBlock(read, wanted.text);
  const last = list.items
    .map((path) => read.span(path))
    .findLast((span) => span !== undefined && span.file === list.file);
  if (last !== undefined) return insertItem(read.sources, last, wanted.text);
  const source = read.sources.find(({ path }) => path === list.file);
  if (source === undefined || layer.kind === 'conda') {
    throw new AppError('USAGE', `\`${text}\` cannot be added to an empty list`, {
      hint: 'Add the first package in the file by hand.',
    });
  }
  const gap = source.text === '' || source.text.endsWith('\n') ? '' : '\n';
  return { file: source.path, start: source.text.length, end: source.text.length, text: `${gap}${wanted.text}\n` };
}

function understand(
  text: string,
  layer: 'conda' | 'requirements',
): { name: string; kind: 'conda' | 'pip'; text: string } {
  const forPip = layer === 'requirements' || text.startsWith('pip:');
  const bare = text.replace(/^(?:pip|conda):(?!:)/, '').trim();
  const name = forPip ? parseRequirement(bare)?.name : parseCondaSpec(bare)?.name;
  if (name === undefined) {
    throw new AppError('USAGE', `\`${bare}\` is no ${forPip ? 'Python requirement' : 'conda specification'}`, {
      hint: forPip
        ? 'Write it like `numpy`, `numpy==2.3.5` or `name @ https://…`.'
        : 'Write it like `numpy=1.26`; for a package from PyPI put `pip:` in front: `pip:numpy==2.3.5`.',
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

function addPipBlock(read: ReadResult, text: string): TextEdit {
  const list = listFor(read, 'conda');
  const last = list?.items.map((path) => read.span(path)).findLast((span) => span !== undefined);
  if (last === undefined)
    throw new AppError('USAGE', `\`${text}\` cannot be added to an empty list`, {
      hint: 'Add the first package in the file by hand.',
    });
  const source = read.sources.find(({ path }) => path === last.file);
  const lineStart = (source?.text.lastIndexOf('\n', last.start) ?? -1) + 1;
  const indent = ' '.repeat((source?.text.slice(lineStart).search(/\S/) ?? 0) + 2);
  const { layer } = read.definition;
  const hasPip =
    layer?.kind === 'conda' &&
    layer.dependencies.some((item) => typeof item === 'string' && parseCondaSpec(item)?.name === 'pip');
  const block = `pip:\n${indent}  - ${text}`;
  return insertItem(read.sources, last, hasPip ? block : `pip\n${indent.slice(2)}- ${block}`);
}

function setImage(read: ReadResult, sources: SourceDocument[], image: string): SourceDocument[] {
  const span = read.span(['image']);
  if (span !== undefined && read.format !== 'dockerfile') {
    // Offsets are those of the unedited text; packages and image never overlap, so re-find the scalar by its text.
    const before = read.sources.find(({ path }) => path === span.file)?.text.slice(span.start, span.end) ?? '';
    return sources.map((source) =>
      source.path === span.file ? { ...source, text: source.text.replace(before, () => image) } : source,
    );
  }
  if (span !== undefined) {
    return sources.map((source, index) =>
      index === 0
        ? { ...source, text: source.text.replace(/^(\s*FROM\s+)\S+/im, (_, keyword: string) => `${keyword}${image}`) }
        : source,
    );
  }
  if (read.definition.build !== undefined)
    throw new AppError(
      'USAGE',
      'an environment with a build context has its base in the Dockerfile; --image cannot change it',
    );
  return setKey(read, sources, 'image', image);
}

function setPython(read: ReadResult, sources: SourceDocument[], version: string): SourceDocument[] {
  const span = read.span(['python', 'version']);
  if (span !== undefined) {
    const before = read.sources.find(({ path }) => path === span.file)?.text.slice(span.start, span.end) ?? '';
    const at = new RegExp(`(version\\s*:\\s*)${escape(before)}`, 'g');
    const pythonAt = (text: string): number => text.search(/^python\s*:/m);
    return sources.map((source) => {
      if (source.path !== span.file) return source;
      const from = Math.max(0, pythonAt(source.text));
      at.lastIndex = from;
      return {
        ...source,
        text:
          source.text.slice(0, from) + source.text.slice(from).replace(at, (_, key: string) => `${key}"${version}"`),
      };
    });
  }
  return setKey(read, sources, 'python', `{ version: "${version}" }`);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Sets a key of the environment file; a bare conda or requirements file gets one around it. */
function setKey(read: ReadResult, sources: SourceDocument[], key: string, value: string): SourceDocument[] {
  const [main, ...others] = sources;
  if (main === undefined) return sources;
  if (read.format === 'v2') return [{ ...main, text: setTopLevel(main.text, key, value) }, ...others];
  if (read.format === 'v1')
    throw new AppError('USAGE', `a v1 environment has no \`${key}\` of its own to set`, {
      hint: 'Save it as an environment file first.',
    });
  const isConda = read.definition.layer?.kind === 'conda';
  const [pointer, name] = isConda ? ['conda_file', 'conda.yml'] : ['requirements', 'requirements.txt'];
  if (main.path === 'environment.yml' || read.format === 'dockerfile') {
    return [{ path: 'definition.yml', text: `${key}: ${value}\n${pointer}: ${main.path}\n` }, main, ...others];
  }
  return [
    { path: 'environment.yml', text: `${key}: ${value}\n${pointer}: ${main.path === '-' ? name : main.path}\n` },
    main,
    ...others,
  ];
}

function spanOf(read: ReadResult, path: Path): Span {
  const span = read.span(path);
  if (span === undefined) throw new Error(`no place is known for ${path.join('.')}`);
  return span;
}
