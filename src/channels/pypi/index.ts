/**
 * PyPI indexes: pip's configuration and credentials, uv as the resolver and builder, and fetching wheels.
 *
 * Invariants: what the user configured for pip holds here; credentials reach a server only in a header, and uv only through its environment;
 * nothing is read from the machine's Python.
 * Tree: <store>/tools/uv-<version>/uv and <store>/uv-cache/.
 */
export { createCredentials } from './credentials.ts';
export { ensureUv, type Uv } from './ensure-uv.ts';
export { fetchWheel } from './fetch-wheel.ts';
export { type PipConfiguration, type PipSetting, readPipConfiguration } from './pip-configuration.ts';
export { createUvResolver } from './uv-resolver.ts';
