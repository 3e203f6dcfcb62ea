import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { explainPostgresError } from './postgres-errors.ts';

/** Connections of one process; more only wait for one another's transactions. */
const connections = 10;
/** Milliseconds until a server that does not answer counts as gone. */
const patience = 10_000;
/** Milliseconds for the answer to one statement: a network that is gone says nothing, and none of ours takes seconds. */
const slowest = 60_000;
/** Numbers of the types `bigint` and `numeric`, which the driver gives as text: ours are all within what a number holds. */
const numbers = new Set<number>([20, 1700]);

/** Connections to a server that may go away and come back. What goes wrong with it is told as our errors. `isPatient`: statements may take as long as they do. */
export async function createPostgresPool(address: string, { isPatient = false } = {}): Promise<PostgresPool> {
  const { pg } = await import('./pg.ts');
  const pool = new pg.Pool({
    connectionString: address,
    max: connections,
    connectionTimeoutMillis: patience,
    query_timeout: isPatient ? undefined : slowest,
    keepAlive: true,
    keepAliveInitialDelayMillis: patience,
    application_name: 'terroir',
    types: {
      getTypeParser: ((oid: Parameters<typeof pg.types.getTypeParser>[0], format) =>
        numbers.has(oid) ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  // A connection that breaks is made again: while nobody uses it, and between two statements, nobody has to hear of it.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  // Kysely knows its connections by their clients.
  const known = new WeakMap<object, PostgresPoolClient>();
  const connect = async (): Promise<PostgresPoolClient> => {
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what Kysely is made for
      const client = (await pool.connect()) as unknown as PostgresPoolClient;
      const explained = known.get(client) ?? explain(client, address);
      known.set(client, explained);
      return explained;
    } catch (error) {
      throw explainPostgresError(error, address);
    }
  };
  return { connect, end: async () => await pool.end(), options: pool.options };
}

function explain(client: PostgresPoolClient, address: string): PostgresPoolClient {
  let isSilent = false;
  const query = async (sql: string, parameters: readonly unknown[]): Promise<unknown> => {
    try {
      return await client.query(sql, parameters);
    } catch (error) {
      // The answer may come yet, to whoever asks next.
      isSilent ||= error instanceof Error && error.message === 'Query read timeout';
      throw explainPostgresError(error, address);
    }
  };
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- cursors are not used
    query: query as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy === true || isSilent),
    processID: client.processID,
  };
}
