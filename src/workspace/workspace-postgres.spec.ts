import { afterAll, beforeAll } from 'vitest';
import { type PostgresServer, startPostgres } from '../../test/kit/postgres.ts';
import { workspaceContract } from '../../test/kit/workspace/contract.ts';
import { createPostgresPlace } from '../../test/kit/workspace/postgres-place.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(async () => await server.stop());

workspaceContract(
  'PostgreSQL',
  createPostgresPlace(() => server),
);
