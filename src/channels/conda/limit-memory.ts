interface Engine {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (...values: unknown[]) => { exports: Record<string, unknown> };
}

const pageSize = 65_536;
const memorySection = 5;

/**
 * From now on, WebAssembly modules of this thread get a memory that does not grow past `most` bytes: a thread's own limits know only of JavaScript.
 * Answers how much the last one has.
 */
export function limitMemory(most: number): () => number {
  let memory: { buffer: ArrayBuffer } | undefined;
  // Node's types do not know it.
  const engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;
  engine.Module = new Proxy(engine.Module, {
    construct: (target, [bytes]: [Uint8Array]) => new target(withLargestMemory(bytes, Math.floor(most / pageSize))),
  });
  engine.Instance = new Proxy(engine.Instance, {
    construct: (target, values: unknown[]) => {
      const instance = new target(...values);
      memory = instance.exports.memory as typeof memory;
      return instance;
    },
  });
  return () => memory?.buffer.byteLength ?? 0;
}

/** A module with a largest size in its memory section (WebAssembly 1.0, 5.5.8). Without such a section it comes back as it is. */
export function withLargestMemory(bytes: Uint8Array, pages: number): Uint8Array {
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at];
    const size = readNumber(bytes, at + 1);
    const end = size.end + size.value;
    if (id === memorySection) {
      const count = readNumber(bytes, size.end);
      const flags = readNumber(bytes, count.end);
      const least = readNumber(bytes, flags.end);
      if (count.value !== 1) return bytes;
      // Bit 0 says that a largest size follows.
      const content = [1, flags.value | 1, ...numberBytes(least.value), ...numberBytes(Math.max(pages, least.value))];
      const section = [memorySection, ...numberBytes(content.length), ...content];
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(section), bytes.subarray(end)]);
    }
    at = end;
  }
  return bytes;
}

/** LEB128. */
function readNumber(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, factor = 1; ; at += 1, factor *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}

function numberBytes(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}
