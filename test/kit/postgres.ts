import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';

export interface PostgresServer {
  /** Makes an empty database, and answers its address. */
  createDatabase(): Promise<string>;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on what it left. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A PostgreSQL of the test's own, on a free port of loopback. As root it runs as the user that Debian's package makes. Only a `durable` one waits for the disk. */
export async function startPostgres({ durable = false } = {}): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'terroir-postgres-'));
  const path = [...globSync('/usr/lib/postgresql/*/bin').sort().reverse(), process.env.PATH].join(delimiter);
  const env = { PATH: path, LANG: 'C.UTF-8' };
  const isRoot = process.getuid?.() === 0;
  const as = (words: string[]): [string, string[]] =>
    isRoot
      ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', ...words]]
      : [words[0] ?? '', words.slice(1)];
  if (isRoot) {
    const [uid = 0, gid = 0] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'])));
    await chown(folder, uid, gid);
  }
  await chmod(folder, 0o700);
  const data = join(folder, 'data');
  const [command, args] = as([
    'initdb',
    '-D',
    data,
    '--auth=trust',
    '--username=test',
    '--locale=C',
    '--encoding=UTF8',
    '--no-sync',
  ]);
  execFileSync(command, args, { env, cwd: '/', stdio: 'ignore' });
  const port = await freePort();
  const address = (database: string): string => `postgresql://test@127.0.0.1:${port}/${database}`;
  let server: ChildProcess | undefined;
  let count = 0;

  const ask = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: address('postgres') });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  const start = async (): Promise<void> => {
    const settings = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      `fsync=${durable ? 'on' : 'off'}`,
      'max_connections=200',
    ];
    const [program, words] = as([
      'postgres',
      '-D',
      data,
      '-p',
      String(port),
      ...settings.flatMap((each) => ['-c', each]),
    ]);
    server = spawn(program, words, { env, cwd: '/', stdio: 'ignore' });
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await ask('select 1');
      } catch (error) {
        if (attempt === 200 || server.exitCode !== null) throw error;
        await sleep(100);
      }
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server?.once('close', resolve));
    server.kill(signal);
    await ended;
  };
  await start();
  return {
    createDatabase: async () => {
      count += 1;
      await ask(`create database test_${count}`);
      return address(`test_${count}`);
    },
    // Without saying good-bye to anybody, and without writing anything down.
    kill: async () => await end('SIGQUIT'),
    start,
    stop: async () => {
      await end('SIGINT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
