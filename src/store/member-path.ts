const maximumName = 255;
const maximumPath = 3800;

/** Why a member's path cannot be a path below a folder, as the end of a sentence that begins with it; undefined if it can. */
export function pathProblem(path: string): string | undefined {
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is an absolute path';
  if (path.includes('\\') || hasControlCharacter(path)) return 'has a character that cannot be in a name';
  if (path.length > maximumPath) return `is ${path.length} characters long`;
  for (const part of path.split('/')) {
    if (part === '' || part === '.' || part === '..') return 'points outside of its folder';
    if (part.length > maximumName / 4 && Buffer.byteLength(part) > maximumName)
      return `has a part of ${Buffer.byteLength(part)} bytes`;
  }
  return undefined;
}

function hasControlCharacter(path: string): boolean {
  for (let index = 0; index < path.length; index += 1) {
    const code = path.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
