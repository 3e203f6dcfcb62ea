import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Interpreter, listInterpreters } from '../../src/io/index.ts';

let found: Promise<Interpreter[]> | undefined;

/** The Pythons of this machine that tests may use, one a minor version, the oldest first. */
export async function pythonsForTests(): Promise<Interpreter[]> {
  found ??= list();
  return await found;
}

async function list(): Promise<Interpreter[]> {
  const search = { env: process.env, home: homedir(), cacheFolder: join(tmpdir(), 'terroir-test-interpreters') };
  const all = (await listInterpreters(search)).filter(({ minor }) => minorNumber(minor) >= 9);
  const byMinor = new Map(all.toReversed().map((each) => [each.minor, each]));
  return [...byMinor.values()].sort((a, b) => minorNumber(a.minor) - minorNumber(b.minor));
}

function minorNumber(minor: string): number {
  const [major, number] = minor.split('.').map(Number);
  return major === 3 ? (number ?? 0) : -1;
}
