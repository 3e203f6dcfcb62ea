/**
 * The team's server on one port: REST below `/api/v1` with its description and docs, the registry below `/v2`, Azure's API for environments below
 * `/subscriptions`, the studio at `/`, health and metrics.
 *
 * Invariants: every route declares its role, and nobody is let in by default (`guard`); a caller never names a path of this machine; nothing
 * of a request's headers enters a log; what is wrong is answered as problem details with a code of `errors`.
 */

export { allRoutes } from './all-routes.ts';
export { type Authenticate, type Credentials } from './authenticate.ts';
export type { Identity } from './identity.ts';
export type { Limits } from './limits.ts';
export type { LoginSettings } from './login/settings.ts';
export { type RunningServer, type ServeOptions, startServer } from './start-server.ts';
export type { StudioFile, StudioFiles } from './studio-files.ts';
