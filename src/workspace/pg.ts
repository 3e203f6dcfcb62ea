/** The driver of PostgreSQL behind one door: loaded only by workspaces that are there, and bundled by name. */
export { default as pg } from 'pg';
