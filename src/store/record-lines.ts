/** A file as RECORD lists it. */
export interface RecordedFile {
  path: string;
  /** Lower-case hex. */
  sha256: string;
  size: number;
}

/** Lines of a RECORD file (binary distribution format, "The .dist-info directory"): path, digest, size. */
export function recordLines(files: Iterable<RecordedFile>): string {
  let text = '';
  for (const { path, sha256, size } of files)
    text += `${csv(path)},sha256=${Buffer.from(sha256, 'hex').toString('base64url')},${size}\n`;
  return text;
}

/** The files of lines that `recordLines` wrote. */
export function readRecordLines(text: string): RecordedFile[] {
  const files: RecordedFile[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const sizeAt = line.lastIndexOf(',');
    const digestAt = line.lastIndexOf(',sha256=', sizeAt - 1);
    const sha256 = Buffer.from(line.slice(digestAt + 8, sizeAt), 'base64url').toString('hex');
    files.push({ path: plain(line.slice(0, digestAt)), sha256, size: Number(line.slice(sizeAt + 1)) });
  }
  return files;
}

function csv(path: string): string {
  return /[",\r\n]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path;
}

function plain(field: string): string {
  return field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
}
