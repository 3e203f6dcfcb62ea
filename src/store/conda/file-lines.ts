import type { CondaFile } from '../unpacked-conda.ts';

type Rare = Pick<CondaFile, 'target' | 'placeholder' | 'noLink'>;

/**
 * Files as lines that are read fast, for a package may have a hundred thousand: path, digest, size and kind between tabs, and what few have as JSON
 * behind. No path has a tab or a line end in it.
 */
export function fileLines(files: readonly CondaFile[]): string {
  let text = '';
  for (const { path, type, sha256, size, executable, ...rare } of files) {
    const kind = type === 'link' ? 'l' : type === 'directory' ? 'd' : executable ? 'x' : 'f';
    const rest = Object.keys(rare).length === 0 ? '' : JSON.stringify(rare);
    text += `${path}\t${sha256}\t${size}\t${kind}${rest}\n`;
  }
  return text;
}

/** What `fileLines` wrote. */
export function readFileLines(text: string): CondaFile[] {
  const files: CondaFile[] = [];
  for (let at = 0; at < text.length; ) {
    const digest = text.indexOf('\t', at);
    const size = text.indexOf('\t', digest + 1);
    const kindAt = text.indexOf('\t', size + 1);
    const end = text.indexOf('\n', kindAt);
    const kind = text[kindAt + 1];
    const file: CondaFile = {
      path: text.slice(at, digest),
      type: kind === 'l' ? 'link' : kind === 'd' ? 'directory' : 'file',
      sha256: text.slice(digest + 1, size),
      size: Number(text.slice(size + 1, kindAt)),
      executable: kind === 'x',
    };
    files.push(end > kindAt + 2 ? Object.assign(file, JSON.parse(text.slice(kindAt + 2, end)) as Rare) : file);
    at = end + 1;
  }
  return files;
}
