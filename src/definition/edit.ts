import type { SourceDocument } from '../documents/index.ts';
import { AppError } from '../errors/index.ts';
import { editPackages, type PackageChanges } from './edit-packages.ts';
import { setPython } from './edit-python.ts';
import type { ReadResult, Span } from './read-result.ts';
import { applyEdits, type NewKey, replaceSpan, setTopLevel, type TextEdit } from './text-edit.ts';

export interface CloneChanges extends PackageChanges {
  image?: string;
  python?: string;
}

/**
 * The sources with the changes in them; comments, order and spacing stay. Adding a package that is there replaces its requirement.
 * @throws AppError USAGE for what cannot be added or is not there.
 */
export function editSources(read: ReadResult, changes: CloneChanges): SourceDocument[] {
  const edits = editPackages(read, changes);
  const image = changes.image === undefined ? undefined : setImage(read, changes.image);
  const python = changes.python === undefined ? undefined : setPython(read, changes.python);
  edits.push(...[image, python].filter((edit) => edit !== undefined && 'file' in edit));
  const keys = [image, python].filter((edit) => edit !== undefined && 'key' in edit);
  return keys.length === 0 ? applyEdits(read.sources, edits) : setKeys(read, applyEdits(read.sources, edits), keys);
}

function setImage(read: ReadResult, image: string): TextEdit | NewKey {
  const span = read.span(['image']);
  if (span !== undefined) {
    if (read.format === 'dockerfile')
      return {
        ...span,
        text: textAt(read, span).replace(/^(\s*FROM\s+)\S+/i, (_, keyword: string) => `${keyword}${image}`),
      };
    return replaceSpan(read.sources, span, { text: image, style: 'yaml' });
  }
  if (read.definition.build !== undefined)
    throw new AppError(
      'USAGE',
      'an environment with a build context has its base in the Dockerfile; --image cannot change it',
    );
  return { key: 'image', value: image };
}

/** Sets keys of the environment file; a bare conda or requirements file gets one around it. */
function setKeys(read: ReadResult, sources: SourceDocument[], keys: readonly NewKey[]): SourceDocument[] {
  const [main, ...others] = sources;
  if (main === undefined) return sources;
  if (read.format === 'v2')
    return [
      { ...main, text: keys.reduce((text, { key, value }) => setTopLevel(text, key, value), main.text) },
      ...others,
    ];
  if (read.format === 'v1')
    throw new AppError('USAGE', `a v1 environment has no \`${keys[0]?.key}\` of its own to set`, {
      hint: 'Save it as an environment file first.',
    });
  if (read.format === 'dockerfile')
    throw new AppError('USAGE', `a Dockerfile has no \`${keys[0]?.key}\` to set`, {
      hint: 'Write an environment file with `image` and `docker_steps`.',
    });
  const lines = keys.map(({ key, value }) => `${key}: ${value}\n`).join('');
  const [pointer, name] =
    read.definition.layer?.kind === 'conda' ? ['conda_file', 'conda.yml'] : ['requirements', 'requirements.txt'];
  const inner = { ...main, path: main.path === '-' ? name : main.path };
  const outer = inner.path === 'environment.yml' ? 'definition.yml' : 'environment.yml';
  return [{ path: outer, text: `${lines}${pointer}: ${inner.path}\n` }, inner, ...others];
}

function textAt(read: ReadResult, { file, start, end }: Span): string {
  return read.sources.find(({ path }) => path === file)?.text.slice(start, end) ?? '';
}
