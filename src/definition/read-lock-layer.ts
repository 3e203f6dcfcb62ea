import { positionAt, type SourceDocument } from '../documents/index.ts';
import { canonicalJson, type Definition, type ListedLock, type RequirementEntry, sha256 } from '../schema/index.ts';
import { lockedEntries, lockedSpecs, readLockFile } from './lock-files/index.ts';
import type { ReadState } from './read-state.ts';
import { readRequirementLine } from './requirement-line.ts';

type Part = Pick<Definition, 'layer' | 'platforms'> & { python: string | undefined };

/** A lock file of another tool as a Python layer: it asks for exactly what the file has, and the first lock is taken from there. */
export function readLockLayer(state: ReadState, source: SourceDocument, format: ListedLock['format']): Part {
  const { lock, warnings } = readLockFile(source, format);
  for (const { offset, message, hint } of warnings)
    state.warnings.push({ code: 'left-out-of-lock-file', position: positionAt(source, offset), message, hint });
  const file = { path: source.path, digest: sha256(source.text), size: Buffer.byteLength(source.text) };
  state.mark(['layer'], { file: source.path, start: 0, end: source.text.length });
  const common = { file, lock: { file, content: contentOf(lock) } };
  const entries = lockedEntries(lock).map(entryOf);
  if (format === 'pylock')
    return { layer: { kind: 'requirements', ...common, entries }, platforms: [], python: lock.requiresPython };
  const pip = entries.length === 0 ? [] : [{ pip: entries }];
  return {
    layer: { kind: 'conda', ...common, channels: lock.channels, dependencies: [...lockedSpecs(lock), ...pip] },
    platforms: lock.platforms,
    python: undefined,
  };
}

function entryOf(text: string): RequirementEntry {
  const line = readRequirementLine(text);
  return { type: 'requirement', text: line.type === 'requirement' ? line.text : text };
}

/** Of what it lists, in any order. */
function contentOf({ packages, requiresPython }: ListedLock): string {
  const listed = packages.map((each) => canonicalJson(JSON.parse(JSON.stringify(each)))).sort();
  return sha256(canonicalJson([requiresPython ?? '', ...listed]));
}
