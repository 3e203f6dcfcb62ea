/** Lines of a RECORD file (binary distribution format, "The .dist-info directory"): path, digest, size. */
export function recordLines(files: readonly { path: string; sha256: string; size: number }[]): string {
  return files
    .map(
      ({ path, sha256, size }) => `${csv(path)},sha256=${Buffer.from(sha256, 'hex').toString('base64url')},${size}\n`,
    )
    .join('');
}

function csv(path: string): string {
  return /[",\r\n]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path;
}
