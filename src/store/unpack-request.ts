/** Which archive, and where to: `folder` is there and empty, and gets an `index` last. */
export interface UnpackRequest {
  archive: string;
  folder: string;
  sha256: string;
  filename: string;
}
