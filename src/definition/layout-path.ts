/**
 * Where a referenced file stands when a version's files are laid out in a folder: paths that climb out or are absolute are given a place inside,
 * and no two paths share one.
 */
export function layoutPath(path: string): string {
  const parts = path.split('/').filter((part, index) => part !== '.' && (part !== '' || index === 0));
  return (
    parts.map((part, index) => (part === '..' ? '_up' : part === '' && index === 0 ? '_root' : part)).join('/') || '.'
  );
}
