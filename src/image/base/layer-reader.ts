import { availableParallelism } from 'node:os';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { AppError, type ErrorCode } from '../../errors/index.ts';
import type { Layer } from '../image.ts';
import { type LayerName, type ReadLayer, readLayer } from './read-layer.ts';

export interface ReadBaseOptions {
  signal?: AbortSignal;
  /** So many bytes of a layer, as it is stored, have come. */
  onBytes?: (size: number) => void;
}

/** What a thread gets: a layer's name, its bytes in pieces, nothing when it has all of them; `broken` if the rest will not come. */
export type LayerPiece = { begin: LayerName } | { bytes: Uint8Array } | { end: 'whole' | 'broken' };

/** What a thread answers: so many bytes were taken in; or what came of the layer. */
export type LayerReading =
  | { taken: number }
  | { read: ReadLayer }
  | { failure: { code: ErrorCode; message: string; hint: string | undefined } };

/** Reads layers, the larger ones in threads of their own: whoever receives the bytes has enough to do with that. */
export interface LayerReader {
  /** @throws AppError INVALID_IMAGE, HOSTILE_ARCHIVE, and what opening and reading the layer throws. */
  read(layer: Layer, options: ReadBaseOptions): Promise<ReadLayer>;
  close(): Promise<void>;
}

/** Up to so many bytes, starting a thread takes longer than reading. */
const small = 1 << 20;
/** Bytes that a thread may have before it. */
const lag = 8 << 20;

export function createLayerReader(): LayerReader {
  const all: Worker[] = [];
  const idle: Worker[] = [];
  const readAside = async (layer: Layer, options: ReadBaseOptions): Promise<ReadLayer> => {
    const worker = idle.pop() ?? new Worker(workerUrl(), { env: SHARE_ENV, execArgv: [], stdin: false });
    if (!all.includes(worker)) all.push(worker);
    const read = await sendLayer(worker, layer, options);
    idle.push(worker);
    return read;
  };
  return {
    read: async (layer, options) =>
      layer.descriptor.size <= small || availableParallelism() < 2
        ? await readLayer(watched(layer, options), nameOf(layer))
        : await readAside(layer, options),
    close: async () => {
      await Promise.all(all.map(async (worker) => await worker.terminate()));
    },
  };
}

async function sendLayer(worker: Worker, layer: Layer, options: ReadBaseOptions): Promise<ReadLayer> {
  const answer = Promise.withResolvers<ReadLayer>();
  // Whoever sends notices it when there is room again.
  answer.promise.catch(() => undefined);
  let sent = 0;
  let taken = 0;
  let room = Promise.withResolvers<void>();
  const take = (reading: LayerReading): void => {
    if ('taken' in reading) taken += reading.taken;
    else if ('read' in reading) answer.resolve(reading.read);
    else answer.reject(toError(reading.failure));
    room.resolve();
  };
  const fail = (): void => answer.reject(new Error('the thread that reads a layer has ended'));
  const send = (piece: LayerPiece, transfer: ArrayBuffer[] = []): void => worker.postMessage(piece, transfer);
  worker.on('message', take);
  worker.on('error', answer.reject);
  worker.on('exit', fail);
  try {
    send({ begin: nameOf(layer) });
    for await (const chunk of watched(layer, options)) {
      // The piece itself may be on its way to somebody else, too.
      const bytes = new Uint8Array(chunk);
      sent += bytes.length;
      send({ bytes }, [bytes.buffer]);
      if (sent - taken < lag) continue;
      room = Promise.withResolvers();
      await Promise.race([room.promise, answer.promise]);
    }
    send({ end: 'whole' });
    return await answer.promise;
  } catch (error) {
    send({ end: 'broken' });
    throw error;
  } finally {
    worker.off('message', take);
    worker.off('error', answer.reject);
    worker.off('exit', fail);
  }
}

async function* watched(layer: Layer, { signal, onBytes }: ReadBaseOptions): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of layer.open({ signal })) {
    signal?.throwIfAborted();
    onBytes?.(chunk.length);
    yield chunk;
  }
}

function toError({ code, message, hint }: { code: ErrorCode; message: string; hint: string | undefined }): AppError {
  return new AppError(code, message, { hint });
}

function nameOf({ descriptor, diffId }: Layer): LayerName {
  return { label: descriptor.digest, diffId };
}

/** Beside this file: as a source, or as a bundle of its own. */
function workerUrl(): URL {
  return new URL(
    import.meta.url.endsWith('.ts') ? './read-layer-worker.ts' : './read-layer-worker.js',
    import.meta.url,
  );
}
