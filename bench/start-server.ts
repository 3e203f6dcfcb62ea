import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** A workspace. */
export interface Place {
  name: string;
  folder: string;
  /** The address of PostgreSQL's database; without one it is SQLite. */
  database?: string;
}

/** The published bundle's server, as a process of its own. */
export interface Served {
  url: string;
  /** Of the server so far, in milliseconds: tells what a request costs, whatever else goes on on the machine. */
  processorTime(): number;
  stop(): Promise<void>;
}

export async function startServer(
  main: string,
  { folder, database }: Omit<Place, 'name'>,
  profile?: string,
): Promise<Served> {
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  if (profile !== undefined) mkdirSync(profile, { recursive: true });
  const words = [...profiling, main, 'serve', '--port', '0', '--log-level', 'warn', '--workspace', folder];
  const child = spawn(process.execPath, words, {
    cwd: folder,
    env: {
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: folder,
      TERROIR_HOME: join(folder, 'home'),
      TERROIR_CATALOG: 'none',
      ...(database === undefined ? {} : { TERROIR_DATABASE: database }),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { pid = 0 } = child;
  return { url: await listening(child), processorTime: () => processorTime(pid), stop: async () => await stop(child) };
}

function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  // User and system time, in hundredths of a second.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function listening(child: ChildProcess): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      text = `${text}${chunk.toString()}`.slice(-10_000);
      const found = /serving .* at (https?:\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('close', () => reject(new Error(text)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await ended;
}
