/**
 * The team's server: REST below `/api/v1` with its description and docs, health and metrics, the studio at `/`;
 * later the registry and the ARM-compatible API on the same port.
 *
 * Invariants: every route declares its role, and nobody is let in by default (`guard`); a caller never names a path of this machine; nothing
 * of a request's headers enters a log; what is wrong is answered as problem details with a code of `errors`.
 */

export { allRoutes } from './all-routes.ts';
export { type Authenticate, type Credentials } from './authenticate.ts';
export type { Identity } from './identity.ts';
export type { Limits } from './limits.ts';
export { type RunningServer, type ServeOptions, startServer } from './start-server.ts';
export type { StudioFile, StudioFiles } from './studio-files.ts';
