import { constants, createGunzip, createInflateRaw, createZstdDecompress } from 'node:zlib';

/** One engine for many streams, one after the other, that works in this thread and into the caller's memory. */
export interface Inflater {
  /** Begins a new stream. */
  reset(): void;
  /**
   * Takes what it can of `input`, and fills what it can of `output`. With `isLast`, a stream that has not come to its end although there was room
   * for more is an error. What is behind the end of the stream is not taken.
   * @throws Error with zlib's `code` (`Z_DATA_ERROR`, `Z_BUF_ERROR`).
   */
  run(input: Uint8Array, output: Uint8Array, options?: { isLast: boolean }): { read: number; written: number };
}

/** What Node's own streams stand on. */
interface Engine {
  _handle: {
    reset(): void;
    onerror(message: string, errno: number, code: string): void;
    writeSync(
      flush: number,
      ...buffers: [
        input: Uint8Array,
        inFrom: number,
        inSize: number,
        output: Uint8Array,
        outFrom: number,
        outSize: number,
      ]
    ): void;
  };
  /** What is left of output and input after a call. */
  _writeState: Uint32Array;
}

const engines = { raw: createInflateRaw, gzip: createGunzip, zstd: createZstdDecompress };

/**
 * What `node:zlib` offers makes an engine and a buffer for each call: of an archive of thousands of small files, a third of the processor time, most
 * of it V8's collector. So this goes below its surface, as npm's own tar does; undefined where Node does not have what it takes.
 */
export function openInflater(kind: keyof typeof engines): Inflater | undefined {
  const stream: unknown = engines[kind]();
  if (!isEngine(stream)) return undefined;
  const { _handle: handle, _writeState: left } = stream;
  let failure: Error | undefined;
  handle.onerror = (message, errno, code) => {
    failure = Object.assign(new Error(message), { errno, code });
  };
  return {
    reset: () => {
      failure = undefined;
      handle.reset();
    },
    run: (input, output, { isLast } = { isLast: false }) => {
      const flush = kind === 'zstd' || !isLast ? constants.Z_NO_FLUSH : constants.Z_FINISH;
      handle.writeSync(flush, input, 0, input.length, output, 0, output.length);
      if (failure !== undefined) throw failure;
      const [outLeft = 0, inLeft = 0] = left;
      return { read: input.length - inLeft, written: output.length - outLeft };
    },
  };
}

function isEngine(stream: unknown): stream is Engine {
  const { _handle: handle, _writeState: left } = stream as Partial<Engine>;
  return typeof handle?.writeSync === 'function' && typeof handle.reset === 'function' && left instanceof Uint32Array;
}
