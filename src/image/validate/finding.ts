/** What `validateImage` can find, and what each means. */
export const findingCodes = {
  BAD_DOCUMENT: 'A manifest, index or configuration is not as the image specification says.',
  BLOB_MISSING: 'Something that is named is not there.',
  BLOB_WRONG: 'The bytes of a blob do not have the digest or size that its descriptor says.',
  MEDIA_TYPE: 'A media type is unknown, or is not that of the content.',
  MIXED_TYPES: 'Media types of Docker and of OCI stand in one image; some engines refuse that.',
  LAYER_COUNT: 'Manifest and configuration do not have the same number of layers, or engines cannot mount so many.',
  HISTORY_COUNT: 'The history does not have one entry for each layer.',
  PLATFORM: 'The index says another platform than the configuration, or says it twice.',
  DIFF_ID: 'A layer uncompressed does not have the digest that the configuration says.',
  COMPRESSION: 'A layer cannot be uncompressed, or something stands behind its end.',
  TAR: 'A layer is no valid tar archive, is not ended, or has something behind its end.',
  PATH_OUTSIDE: 'A path or hard link of a layer leaves the image.',
  PATH_TWICE: 'A path is in a layer twice; some engines refuse that.',
  HARD_LINK: 'A hard link names what is not in the same layer before it; most engines refuse that.',
  WHITEOUT: 'A whiteout hides nothing, or is no empty file: a file that was named so by accident.',
  LINK_REPLACED:
    'A layer has something below a path that is a link in the layers under it; engines then replace the link by a folder.',
  FOLDER_CHANGED: 'A folder of the base gets another mode or owner by a layer that was put on it.',
} as const;

export type FindingCode = keyof typeof findingCodes;

export interface Finding {
  code: FindingCode;
  severity: 'error' | 'warning';
  /** The digest of the manifest or layer, or the image's name. */
  where: string;
  message: string;
}
