import type { CondaRecord, PrefixReplacement } from '../../plan/index.ts';
import { canonicalJson, sha256 } from '../../schema/index.ts';

/** Number of the way in which layers are framed. Another one makes other digests of the same content. */
const framing = 1;

/** What a layer is made of: a value that says all that its bytes depend on. Paths are relative to the image's root, without a slash before. */
export interface LayerRecipe {
  /** Archives whose files go in as they are, in this order. */
  parts: readonly LayerPart[];
  /** What else goes in; sorted by path (UTF-16 code units). Behind the parts. */
  entries: readonly LayerEntry[];
}

/** Files of an archive that go to one place as they are. */
export type LayerPart = WheelPart | CondaPart;

interface CommonPart {
  sha256: string;
  filename: string;
  /** The folder that the files go to. */
  path: string;
  /** Those (relative to it) that are left out. */
  without: readonly string[];
}

/** A wheel's tree, which is read from its archive. */
export interface WheelPart extends CommonPart {
  kind: 'wheel';
}

/** Files of a conda package, which is unpacked in the store. */
export interface CondaPart extends CommonPart {
  kind: 'conda';
  /** The folder that they are in. Absolute. */
  from: string;
  /** The same, relative to what the store has of the archive. */
  place: string;
  /** Which they are; see `readTree`. */
  text: string;
}

export type LayerEntry =
  | { kind: 'file'; path: string; executable: boolean; sha256: string; content: Uint8Array }
  /** A file of one of the wheels. */
  | { kind: 'member'; path: string; executable: boolean; archive: string; member: string }
  /** A file of the store. */
  | { kind: 'copy'; path: string; executable: boolean; sha256: string; file: string }
  /** A file of the store in which the prefix takes the place of its placeholder. */
  | {
      kind: 'rewrite';
      path: string;
      executable: boolean;
      archive: string;
      place: string;
      file: string;
      replacement: PrefixReplacement;
    }
  /** A package's record in `conda-meta`, written when all that it tells of is. `folder` is where the prefix lies. */
  | { kind: 'record'; path: string; folder: string; record: CondaRecord }
  | { kind: 'link'; path: string; target: string }
  /** A folder of the base that keeps its mode and owner, or one that is needed though nothing is in it. */
  | { kind: 'folder'; path: string; mode: number; uid: number; gid: number }
  /** Hides what layers below have there (image specification, "Whiteouts"). */
  | { kind: 'whiteout'; path: string };

/** What finds the layer in the cache: the same recipe makes the same bytes, wherever the store is. */
export function layerKey({ parts, entries }: LayerRecipe): string {
  return sha256(canonicalJson({ framing, parts: parts.map(partKey), entries: entries.map(entryKey) }));
}

function partKey(part: LayerPart): unknown {
  const { kind, sha256: archive, path, without } = part;
  if (kind === 'wheel') return { kind, archive, path, without };
  return { kind, archive, path, without, place: part.place, files: sha256(part.text) };
}

function entryKey(entry: LayerEntry): unknown {
  if (entry.kind === 'file') {
    const { content: _, ...rest } = entry;
    return rest;
  }
  if (entry.kind === 'copy' || entry.kind === 'rewrite') {
    const { file: _, ...rest } = entry;
    return rest;
  }
  return entry;
}
