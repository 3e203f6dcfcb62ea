/** Solves in a thread of its own: the solver ends with its thread where it meets what it cannot bear, and what it did can be thrown away at once. */
import { parentPort } from 'node:worker_threads';
import { limitMemory } from './limit-memory.ts';
import { answerLocally } from './local-fetch.ts';
import type { SolverAnswer, SolverInput } from './solver-input.ts';
import { warmUpInput } from './warm-up.ts';

/** In bytes. Many times what the largest channel needs. */
const mostMemory = 1536 << 20;

const memory = limitMemory(mostMemory);

process.on('uncaughtException', (error) => {
  answer({ kind: 'died', exhausted: memory() > mostMemory * 0.9, reason: error.message });
  process.exit(1);
});

const bodies = new Map<string, Uint8Array>();
answerLocally(bodies);
const ready = prepare();

parentPort?.once('message', (input: SolverInput) => {
  void solve(input).then(answer);
});

function answer(message: SolverAnswer): void {
  parentPort?.postMessage(message);
}

type Solver = typeof import('@conda-org/rattler');

/** Before anybody asks. */
async function prepare(): Promise<Solver> {
  const solver = await import('@conda-org/rattler');
  await ask(solver, warmUpInput());
  return solver;
}

async function solve(input: SolverInput): Promise<SolverAnswer> {
  const solver = await ready;
  try {
    return { kind: 'solved', urls: await ask(solver, input) };
  } catch (error) {
    return { kind: 'unsolvable', explanation: error instanceof Error ? error.message : String(error) };
  }
}

async function ask({ simpleSolve }: Solver, { specs, channels, platform, locked }: SolverInput): Promise<string[]> {
  for (const { url, subdirs } of channels)
    for (const [subdir, bytes] of Object.entries(subdirs)) bodies.set(`${url}/${subdir}/repodata.json`, bytes);
  const urls = channels.map(({ url }) => url);
  const solved = await simpleSolve(specs, urls, [platform, 'noarch'], locked);
  return solved.map(({ url }) => url);
}
