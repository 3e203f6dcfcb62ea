/**
 * A workspace behind a server: the use cases of `app` as calls of `/api/v1`, with the same names and the same answers.
 *
 * Invariants: what is on this machine goes there as texts and digests, never as a path; errors come with the code, message and hint that the server
 * gave; nothing is asked until a call needs it.
 *
 * Tree: <store>/servers/<host>-<hash>/   a workspace (see workspace/) with the versions and locks that were brought to this machine
 */
export { mirrorPlace } from './mirror-place.ts';
export { openServer, type Server } from './open-server.ts';
export { isServerUrl } from './server-url.ts';
export { readShareable } from './share-calls.ts';
