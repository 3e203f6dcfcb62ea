/** A file or link in a snapshot. Folders are implied; empty ones are not part of it. */
export type SnapshotEntry =
  | { type: 'file' /** Relative, with `/`. */; path: string; executable: boolean; digest: string; size: number }
  | { type: 'link'; path: string /** Relative to the link's folder. */; target: string };

/** Takes content in by its SHA-256: a workspace's blob store fits as it is. */
export interface KeepContent {
  put(content: Uint8Array): Promise<{ digest: string; size: number }>;
  putFile(file: string): Promise<{ digest: string; size: number }>;
}
