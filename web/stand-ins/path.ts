/** Stands in for the part of `node:path` that the pure folders use, in the browser. */
export const posix = { basename, dirname, isAbsolute: (path: string) => path.startsWith('/'), join, normalize };

function normalize(path: string): string {
  const isAbsolute = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..' || (parts.at(-1) ?? '..') === '..') {
      if (part !== '..' || !isAbsolute) parts.push(part);
    } else parts.pop();
  }
  const end = path.endsWith('/') ? '/' : '';
  const body = parts.join('/');
  if (isAbsolute) return body === '' ? '/' : `/${body}${end}`;
  return (body === '' ? '.' : body) + end;
}

function join(...paths: string[]): string {
  return normalize(paths.filter((path) => path !== '').join('/'));
}

function basename(path: string, ending = ''): string {
  const name = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
  return name !== ending && name.endsWith(ending) ? name.slice(0, name.length - ending.length) : name;
}

function dirname(path: string): string {
  const at = path.replace(/\/+$/, '').lastIndexOf('/');
  if (at === 0) return '/';
  return at === -1 ? '.' : path.slice(0, at);
}
