/** Makes layers in a thread of its own: one task at a time, in and out as messages. A layer that was begun here is finished here. */
import { parentPort } from 'node:worker_threads';
import { isAppError } from '../../errors/index.ts';
import { fsErrorToAppError } from '../../io/index.ts';
import type { LayerAnswer, LayerTask } from './layer-pool.ts';
import type { LayerFacts } from './layer-writer.ts';
import { beginLayer, closeLayer, finishLayer, type OpenLayer } from './make-layer.ts';

const open = new Map<string, OpenLayer>();
let last: Promise<unknown> = Promise.resolve();

parentPort?.on('message', (task: LayerTask) => {
  last = last.then(async () => parentPort?.postMessage(await answer(task)));
});

async function answer(task: LayerTask): Promise<LayerAnswer> {
  try {
    return { facts: await perform(task) };
  } catch (raw) {
    const error = fsErrorToAppError(raw, 'make a layer');
    if (isAppError(error)) return { failure: { code: error.code, message: error.message, hint: error.hint } };
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { failure: { code: 'INTERNAL', message, hint: undefined } };
  }
}

async function perform(task: LayerTask): Promise<LayerFacts | undefined> {
  switch (task.kind) {
    case 'begin':
      open.set(task.request.file, await beginLayer(task.request));
      return undefined;
    case 'finish':
      return await finishLayer(take(task.file), task.entries);
    case 'drop':
      closeLayer(take(task.file));
      return undefined;
    case 'make':
      return await finishLayer(await beginLayer(task.request), task.entries);
  }
}

function take(file: string): OpenLayer {
  const layer = open.get(file);
  if (layer === undefined) throw new Error(`the layer ${file} was not begun here`);
  open.delete(file);
  return layer;
}
