import { parseYaml, type ShapeReader, type SourceDocument } from '../documents/index.ts';
import { type Definition, type RequirementEntry, sha256 } from '../schema/index.ts';
import { lockFileFormat } from './lock-files/index.ts';
import { markValue, readCondaFile, readRequirementItem } from './read-conda.ts';
import { readLockLayer } from './read-lock-layer.ts';
import { joinPath, readRequirementsText } from './read-requirements.ts';
import { type ReadState, readReferencedText } from './read-state.ts';

/** The Python layer: `conda_file` or `requirements`, inline, in a file, or as the lock of another tool. */
export async function readLayer(state: ReadState, reader: ShapeReader, definition: Definition): Promise<void> {
  const { document } = reader;
  if (reader.has(['conda_file']) && reader.has(['requirements'])) {
    reader.report(
      ['requirements'],
      '`conda_file` and `requirements` cannot be given together',
      'Put the requirements into the conda file’s `pip:` block.',
      'key',
    );
    return;
  }
  if (reader.has(['conda_file'])) {
    markValue(state, document, ['conda_file'], ['layer']);
    if (typeof reader.value(['conda_file']) === 'object') {
      const { layer, platforms: named } = await readCondaFile(state, document, ['conda_file'], {
        at: ['layer'],
        folder: '.',
      });
      definition.layer = layer;
      definition.platforms = named;
      return;
    }
    const path = joinPath('.', reader.text(['conda_file']) ?? '');
    const source = await readReferencedText(state, path, document.locate(['conda_file']));
    if (source === undefined || readLockedLayer(state, reader, definition, { key: 'conda_file', source })) return;
    const inner = parseYaml(source, 'INVALID_DEFINITION');
    const folder = joinPath(path, '..');
    const { layer, platforms: named } = await readCondaFile(state, inner, [], { at: ['layer'], folder });
    definition.layer = { ...layer, file: { path, digest: sha256(source.text), size: Buffer.byteLength(source.text) } };
    definition.platforms = named;
    return;
  }
  if (!reader.has(['requirements'])) return;
  markValue(state, document, ['requirements'], ['layer']);
  if (Array.isArray(reader.value(['requirements']))) {
    definition.layer = { kind: 'requirements', entries: await readInlineRequirements(state, reader) };
    return;
  }
  const path = reader.text(['requirements']);
  if (path === undefined) return;
  if (path.includes('\n')) {
    reader.report(
      ['requirements'],
      '`requirements` is the path of a file, or a list',
      'Write each requirement as an item: `- numpy`.',
    );
    return;
  }
  const source = await readReferencedText(state, joinPath('.', path), document.locate(['requirements']));
  if (source === undefined || readLockedLayer(state, reader, definition, { key: 'requirements', source })) return;
  definition.layer = await readRequirementsLayer(state, source);
}

/** Reads the layer if its file is a lock file of another tool. */
function readLockedLayer(
  state: ReadState,
  reader: ShapeReader,
  definition: Definition,
  { key, source }: { key: 'conda_file' | 'requirements'; source: SourceDocument },
): boolean {
  const format = lockFileFormat(source);
  if (format === undefined) return false;
  const right = format === 'pylock' ? 'requirements' : 'conda_file';
  if (key !== right) {
    reader.report(
      [key],
      `\`${source.path}\` is a lock of ${format === 'pylock' ? 'Python' : 'conda'} packages, and stands under \`${key}\``,
      `Write \`${right}: ${source.path}\`.`,
      'key',
    );
    return true;
  }
  const { layer, platforms: named, python } = readLockLayer(state, source, format);
  definition.layer = layer;
  definition.platforms = named;
  if (python !== undefined) definition.python.version = python;
  return true;
}

export async function readRequirementsLayer(
  state: ReadState,
  source: SourceDocument,
): Promise<NonNullable<Definition['layer']>> {
  const entries = await readRequirementsText(state, source, ['layer', 'entries']);
  if (state.problems.length === 0 && !namesPackage(entries))
    state.warnings.push({
      code: 'names-no-package',
      position: { file: source.path, line: 1, column: 1 },
      message: `\`${source.path}\` names no package`,
      hint: 'The environment will have Python and nothing else; write one package on each line, such as `numpy==2.3.5`.',
    });
  return {
    kind: 'requirements',
    file: { path: source.path, digest: sha256(source.text), size: Buffer.byteLength(source.text) },
    entries,
  };
}

function namesPackage(entries: readonly RequirementEntry[]): boolean {
  return entries.some(
    (entry) =>
      entry.type === 'requirement' ||
      entry.type === 'local' ||
      (entry.type === 'include' && namesPackage(entry.entries)),
  );
}

async function readInlineRequirements(state: ReadState, reader: ShapeReader): Promise<RequirementEntry[]> {
  const entries: RequirementEntry[] = [];
  for (const item of reader.list(['requirements']) ?? []) {
    const text = reader.text(item)?.trim();
    if (text === undefined || text === '') continue;
    const place = { document: reader.document, item, folder: '.' };
    await readRequirementItem(state, text, place, { entries, at: ['layer', 'entries'] });
  }
  return entries;
}
