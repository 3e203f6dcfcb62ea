/**
 * Putting the prefix into files that name it. Imports nothing, so that a thread which rewrites files starts at once.
 */
export { type PrefixReplacement, replacePrefix } from './replace-prefix.ts';
export { type PiecesToRewrite, rewritePieces } from './rewrite-pieces.ts';
export { pythonShebang } from './shebang.ts';
