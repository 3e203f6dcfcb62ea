/** A record of repodata, so far as the kit looks at it. */
export interface PackageRecord {
  name: string;
  subdir: string;
  sha256: string;
  md5: string;
  [other: string]: unknown;
}

/** A package that a channel serves: bytes (as `makeCondaPackage` makes it), or a file on disk. */
export type ChannelPackage =
  | { filename: string; record: Record<string, unknown>; bytes: Uint8Array }
  | { filename: string; record: Record<string, unknown>; path: string };

export function recordOf({ record }: ChannelPackage): PackageRecord {
  return record as PackageRecord;
}
