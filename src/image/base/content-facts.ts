/** Looks for what a file's content tells, as it comes. */
export interface FactSearch {
  write(chunk: Uint8Array): void;
  /** Undefined if it told nothing. */
  found(): string | undefined;
}

/** Which files tell something, and what it looks like in them. Versions stand as C strings in programs and libraries. */
const tellers: readonly { file: RegExp; pattern: (match: RegExpExecArray) => RegExp }[] = [
  {
    file: /(?:^|\/)(?:lib)?python3\.(?<minor>\d+)[a-z]*(?:\.so[.\d]*)?$/,
    pattern: ({ groups }) => new RegExp(`\\0(3\\.${groups?.minor}\\.\\d+(?:(?:a|b|rc)\\d+)?)\\+?\\0`),
  },
  {
    file: /(?:^|\/)libc(?:-\d+\.\d+)?\.so(?:\.6)?$/,
    pattern: () => /GNU C Library [^\0]{0,80} version (\d+\.\d+)/,
  },
  {
    file: /(?:^|\/)(?:ld-musl-[^/]+\.so\.1|libc\.musl-[^/]+\.so\.1)$/,
    pattern: () => /\0(1\.\d+\.\d+)\0/,
  },
];
/** Longer than what is looked for. */
const overlap = 256;

/** Undefined for files that tell nothing. */
export function searchFacts(path: string): FactSearch | undefined {
  for (const { file, pattern } of tellers) {
    const match = file.exec(path);
    if (match !== null) return createSearch(pattern(match));
  }
  return undefined;
}

function createSearch(pattern: RegExp): FactSearch {
  let rest = '';
  let fact: string | undefined;
  return {
    write: (chunk) => {
      if (fact !== undefined) return;
      const text = rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
      fact = pattern.exec(text)?.[1];
      rest = text.slice(-overlap);
    },
    found: () => fact,
  };
}
