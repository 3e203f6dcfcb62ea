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

/** A wheel's tree. */
export interface LayerPart {
  kind: 'wheel';
  sha256: string;
  filename: string;
  /** The folder that the tree goes to. */
  path: string;
  /** Files of the tree (relative to it) that are left out. */
  without: readonly string[];
}

export type LayerEntry =
  | { kind: 'file'; path: string; executable: boolean; sha256: string; content: Uint8Array }
  /** A file of one of the archives. */
  | { kind: 'member'; path: string; executable: boolean; archive: string; member: string }
  | { kind: 'link'; path: string; target: string }
  /** A folder of the base that keeps its mode and owner, or one that is needed though nothing is in it. */
  | { kind: 'folder'; path: string; mode: number; uid: number; gid: number }
  /** Hides what layers below have there (image specification, "Whiteouts"). */
  | { kind: 'whiteout'; path: string };

/** What finds the layer in the cache: the same recipe makes the same bytes. */
export function layerKey({ parts, entries }: LayerRecipe): string {
  return sha256(
    canonicalJson({
      framing,
      parts: parts.map(({ kind, sha256: archive, path, without }) => ({ kind, archive, path, without })),
      entries: entries.map((entry) => {
        if (entry.kind !== 'file') return entry;
        const { content: _, ...rest } = entry;
        return rest;
      }),
    }),
  );
}
