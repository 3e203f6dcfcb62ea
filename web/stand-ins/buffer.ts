/** Stands in for the one thing of Node's `Buffer` that the pure folders use. */
export const Buffer = { byteLength: (text: string): number => new TextEncoder().encode(text).length };

/** The pure folders take it for a global. */
export function provideBuffer(): void {
  (globalThis as { Buffer?: unknown }).Buffer ??= Buffer;
}
