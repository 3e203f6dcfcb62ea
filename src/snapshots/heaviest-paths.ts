interface Weight {
  path: string;
  size: number;
}

/** A path stands for its folder if it makes up this part of it. */
const dominance = 0.8;
const shown = 5;

/**
 * What to name in an ignore file to make a folder light: the largest files and folders, each as far down as it says the same (`data/` and not
 * its thousand files; `data/raw/big.bin` and not `data/` if nothing else is in there).
 */
export function heaviestPaths(files: readonly Weight[]): Weight[] {
  return childrenOf(files, '')
    .map((child) => descend(files, child))
    .sort(bySize)
    .slice(0, shown);
}

function descend(files: readonly Weight[], weight: Weight): Weight {
  if (!weight.path.endsWith('/')) return weight;
  const inside = files.filter((file) => file.path.startsWith(weight.path));
  const [largest] = childrenOf(inside, weight.path).sort(bySize);
  return largest !== undefined && largest.size > weight.size * dominance ? descend(inside, largest) : weight;
}

/** The files and folders (with `/`) directly below `folder`. */
function childrenOf(files: readonly Weight[], folder: string): Weight[] {
  const sizes = new Map<string, number>();
  for (const { path, size } of files) {
    const end = path.indexOf('/', folder.length);
    const child = end === -1 ? path : path.slice(0, end + 1);
    sizes.set(child, (sizes.get(child) ?? 0) + size);
  }
  return [...sizes].map(([path, size]) => ({ path, size }));
}

function bySize(a: Weight, b: Weight): number {
  return b.size - a.size || (a.path < b.path ? -1 : 1);
}
