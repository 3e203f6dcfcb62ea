/** Reads layers in a thread of its own, one after the other: their bytes come as messages. */
import { parentPort } from 'node:worker_threads';
import { AppError, isAppError } from '../../errors/index.ts';
import type { LayerPiece, LayerReading } from './layer-reader.ts';
import { readLayer } from './read-layer.ts';

let waiting: LayerPiece[] = [];
let arrived = Promise.withResolvers<void>();

parentPort?.on('message', (piece: LayerPiece) => {
  waiting.push(piece);
  arrived.resolve();
  if ('begin' in piece) void readNext(piece.begin);
});

async function readNext(name: Parameters<typeof readLayer>[1]): Promise<void> {
  waiting = [];
  try {
    answer({ read: await readLayer(pieces(), name) });
  } catch (error) {
    answer({ failure: isAppError(error) ? plain(error) : plain(new AppError('INTERNAL', String(error))) });
  }
}

async function* pieces(): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const piece = waiting.shift();
    if (piece === undefined) {
      arrived = Promise.withResolvers();
      await arrived.promise;
    } else if ('bytes' in piece) {
      yield piece.bytes;
      answer({ taken: piece.bytes.length });
    } else if ('end' in piece) {
      if (piece.end === 'whole') return;
      throw new Error('the rest of the layer did not come');
    }
  }
}

function plain({ code, message, hint }: AppError): Pick<AppError, 'code' | 'message' | 'hint'> {
  return { code, message, hint };
}

function answer(reading: LayerReading): void {
  parentPort?.postMessage(reading);
}
