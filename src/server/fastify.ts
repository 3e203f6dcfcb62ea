/** The HTTP framework behind one door: loaded only by a server, and bundled by name. */
export { fastify, LogController } from 'fastify';
