/**
 * The files of a package that go to one place as they are, as a text that is made once and read fast: a line `folder/` for each folder (`/` for
 * the top), followed by the names of the files directly in it. Folders stand in depth-first order, each one behind the one that holds it, so
 * that a stretch of the text is a stretch of the tree.
 */
export function treeText(paths: readonly string[], emptyFolders: readonly string[] = []): string {
  const folders = new Map<string, string[]>([['', []]]);
  const folderOf = (path: string): string[] => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    if (path.includes('/')) folderOf(path.slice(0, path.lastIndexOf('/')));
    const names: string[] = [];
    folders.set(path, names);
    return names;
  };
  for (const path of paths) {
    const slash = path.lastIndexOf('/');
    folderOf(slash === -1 ? '' : path.slice(0, slash)).push(path.slice(slash + 1));
  }
  for (const folder of emptyFolders) folderOf(folder);
  const ordered = [...folders.keys()]
    .map((folder) => [folder.replaceAll('/', '\0'), folder] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return ordered
    .map(([, folder]) => `${folder}/\n${(folders.get(folder) ?? []).map((name) => `${name}\n`).join('')}`)
    .join('');
}

/** A tree's lines, and where in them each folder stands. */
export interface WheelTree {
  lines: readonly string[];
  /** Folder (without the slash at its end; '' for the top) → its line. */
  folders: ReadonlyMap<string, number>;
  files: number;
}

export function readTree(text: string): WheelTree {
  const lines = text.split('\n');
  lines.pop();
  const folders = new Map<string, number>();
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] as string;
    if (isFolderLine(line)) folders.set(line.slice(0, -1), index);
  }
  return { lines, folders, files: lines.length - folders.size };
}

export function isFolderLine(line: string): boolean {
  return line.charCodeAt(line.length - 1) === 0x2f;
}

/** The names of the files directly in a folder; none if there is no such folder. */
export function filesOf({ lines, folders }: WheelTree, folder: string): readonly string[] {
  const at = folders.get(folder);
  if (at === undefined) return [];
  let end = at + 1;
  while (end < lines.length && !isFolderLine(lines[end] as string)) end += 1;
  return lines.slice(at + 1, end);
}
