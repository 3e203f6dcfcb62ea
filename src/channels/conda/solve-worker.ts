/** Solves in a thread of its own: the solver ends with its thread where it meets what it cannot bear, and what it did can be thrown away at once. */
import { parentPort } from 'node:worker_threads';
import { limitMemory } from './limit-memory.ts';
import type { SolverAnswer, SolverInput } from './solver-input.ts';

/** In bytes. Many times what the largest channel needs. */
const mostMemory = 1536 << 20;

let memory: (() => number) | undefined;

process.on('uncaughtException', (error) => {
  const exhausted = (memory?.() ?? 0) > mostMemory * 0.9;
  answer({ kind: 'died', exhausted, reason: error.message });
  process.exit(1);
});

parentPort?.once('message', (input: SolverInput) => {
  void solve(input).then(answer);
});

function answer(message: SolverAnswer): void {
  parentPort?.postMessage(message);
}

async function solve(input: SolverInput): Promise<SolverAnswer> {
  const { specs, channels, platform, locked } = input;
  memory = limitMemory(mostMemory);
  const { simpleSolve } = await import('@conda-org/rattler');
  globalThis.fetch = createAnswers(input);
  try {
    const urls = channels.map(({ url }) => url);
    const solved = await simpleSolve(specs, urls, [platform, 'noarch'], locked);
    return { kind: 'solved', urls: solved.map(({ url }) => url) };
  } catch (error) {
    return { kind: 'unsolvable', explanation: error instanceof Error ? error.message : String(error) };
  }
}

/** What the solver asks for: the repodata that came with the question, and nothing else. */
function createAnswers({ channels }: SolverInput): typeof fetch {
  const bodies = new Map<string, Uint8Array>();
  for (const { url, subdirs } of channels)
    for (const [subdir, bytes] of Object.entries(subdirs)) bodies.set(`${url}/${subdir}/repodata.json`, bytes);
  return (input) => {
    const url = input instanceof Request ? input.url : String(input);
    const body = bodies.get(url);
    // It is asked for once, and memory is short.
    bodies.delete(url);
    const response =
      body === undefined ? new Response('', { status: 404 }) : new Response(body as Uint8Array<ArrayBuffer>);
    // The solver reads it, and does not bear an empty one.
    Object.defineProperty(response, 'url', { value: url });
    return Promise.resolve(response);
  };
}
