/**
 * What `import … from 'terroir'` gives: the same calls on a folder and on a server.
 *
 * Invariants: a folder is worked on by this process, a URL is a thin client of `/api/v1`; definitions and code go into both as texts and digests, so
 * that what works on one works on the other; the types in `types.ts` need nothing but themselves, because they are published as they are.
 */
export { connect } from './connect.ts';
export type * from './types.ts';
