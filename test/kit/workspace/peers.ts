import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';

const program = join(import.meta.dirname, 'peer.ts');

const Done = z.record(z.string(), z.unknown());

export interface Peer {
  process: ChildProcess;
  /** What it got done, as far as it said so. */
  done: Record<string, unknown>[];
  start(): void;
  /** Resolves when it has ended; a peer that was not killed must end well. */
  ended: Promise<void>;
}

/** A process of its own, up to the point where it would open the workspace. */
export async function createPeer(
  folder: string,
  number: number,
  task: string,
  { count, database }: { count: number; database?: string },
): Promise<Peer> {
  const child = spawn(process.execPath, [program, folder, String(number), task, String(count)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...(database === undefined ? {} : { TERROIR_DATABASE: database }) },
  });
  let problems = '';
  child.stderr.on('data', (chunk: Buffer) => {
    problems += chunk.toString();
  });
  // A peer that is killed takes no more input.
  child.stdin.on('error', () => undefined);
  const done: Record<string, unknown>[] = [];
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') resolve();
    else if (line.endsWith('}')) done.push(Done.parse(JSON.parse(line)));
  });
  const ended = once(child, 'close').then(() => {
    if (child.exitCode !== 0 && child.signalCode !== 'SIGKILL') throw new Error(`peer ${number} failed: ${problems}`);
  });
  ended.catch(() => undefined);
  await Promise.race([ready, ended]);
  return { process: child, done, start: () => child.stdin.write('go\n'), ended };
}

/** Lets `peers` processes do the same task at the same moment; answers what they got done. */
export async function race(
  folder: string,
  task: string,
  { peers = 8, count = 1, database }: { peers?: number; count?: number; database?: string } = {},
): Promise<Record<string, unknown>[]> {
  const all = await Promise.all(
    Array.from({ length: peers }, (_, number) => createPeer(folder, number, task, { count, database })),
  );
  for (const peer of all) peer.start();
  await Promise.all(all.map(({ ended }) => ended));
  return all.flatMap(({ done }) => done);
}
