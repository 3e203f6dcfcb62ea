/** The parts of undici that are used, behind one door: loaded only when something is fetched, and bundled by name. */
export { Agent, EnvHttpProxyAgent, request } from 'undici';
