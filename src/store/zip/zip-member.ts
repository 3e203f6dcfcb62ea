/** A member of a zip file, as the central directory describes it. */
export interface ZipMember {
  /** As written; a folder's ends with `/`. */
  name: string;
  method: 'stored' | 'deflated';
  flags: number;
  crc32: number;
  compressedSize: number;
  size: number;
  /** Where its local header begins. */
  start: number;
  /** Where the next member, or the directory, begins: every byte between belongs to this member. */
  end: number;
  executable: boolean;
  isFolder: boolean;
}

/** Bit 3: sizes and checksum follow the data. */
export const deferredFlag = 1 << 3;
/** Bit 11: the name is UTF-8. */
const utf8Flag = 1 << 11;
/** Encrypted, patch data, strongly encrypted, headers masked. */
export const refusedFlags = (1 << 0) | (1 << 5) | (1 << 6) | (1 << 13);
/** What changes how a member is read: both of its headers must say the same. */
export const meaningfulFlags = deferredFlag | utf8Flag | refusedFlags;
