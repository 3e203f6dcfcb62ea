/** Unpacks conda packages, wheels, or pieces of them, in a thread of its own: one task at a time, in and out as messages. */
import { parentPort } from 'node:worker_threads';
import { isAppError } from '../errors/index.ts';
import { fsErrorToAppError } from '../io/index.ts';
import type { UnpackAnswer, UnpackResult, UnpackTask } from './unpack-pool.ts';
import type { UnpackRequest } from './unpack-request.ts';
import { closeWheel, finishWheel, type OpenWheel, openWheel, prepareWheel, unpackChunk } from './unpack-wheel.ts';

/** The wheel of the last task: the next one is mostly of the same. */
let opened: OpenWheel | undefined;

parentPort?.on('message', (task: UnpackTask) => {
  void answer(task).then((message) => parentPort?.postMessage(message));
});

async function answer(task: UnpackTask): Promise<UnpackAnswer> {
  try {
    return { result: await perform(task) };
  } catch (raw) {
    close();
    const error = fsErrorToAppError(raw, `unpack \`${task.request.filename}\``);
    if (isAppError(error)) return { failure: { code: error.code, message: error.message, hint: error.hint } };
    return {
      failure: {
        code: 'INTERNAL',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        hint: undefined,
      },
    };
  }
}

async function perform(task: UnpackTask): Promise<UnpackResult> {
  if (task.kind === 'conda') {
    const { unpackConda } = await import('./conda/unpack-conda.ts');
    await unpackConda(task.request);
    return { kind: 'finished' };
  }
  const wheel = open(task.request);
  switch (task.kind) {
    case 'open': {
      const chunks = prepareWheel(wheel);
      if (chunks.length > 1) return { kind: 'chunks', chunks };
      finishWheel(wheel, [await unpackChunk(wheel, chunks[0] ?? { from: 0, to: 0, weight: 0 })]);
      close();
      return { kind: 'finished' };
    }
    case 'chunk':
      return { kind: 'chunk', chunk: await unpackChunk(wheel, task.chunk) };
    case 'finish':
      finishWheel(wheel, task.chunks);
      close();
      return { kind: 'finished' };
  }
}

function open(request: UnpackRequest): OpenWheel {
  if (opened?.request.folder !== request.folder) {
    close();
    opened = openWheel(request);
  }
  return opened;
}

function close(): void {
  if (opened !== undefined) closeWheel(opened);
  opened = undefined;
}
