/** Unpacks wheels in a thread of its own: one request at a time, in and out as messages. */
import { parentPort } from 'node:worker_threads';
import { isAppError } from '../errors/index.ts';
import { fsErrorToAppError } from '../io/index.ts';
import type { UnpackAnswer, UnpackRequest } from './unpack-pool.ts';
import { unpackWheel } from './unpack-wheel.ts';

parentPort?.on('message', (request: UnpackRequest) => {
  void answer(request).then((message) => parentPort?.postMessage(message));
});

async function answer({ archive, folder, sha256, filename }: UnpackRequest): Promise<UnpackAnswer> {
  try {
    return { wheel: await unpackWheel(archive, folder, { sha256, filename }) };
  } catch (raw) {
    const error = fsErrorToAppError(raw, `unpack \`${filename}\``);
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
