import { leavesFolder, parsePackageFilename } from './package-filename.ts';

/** Who takes what the splitter finds. */
export interface RepodataSink {
  /** A record with its key, as it stands in the text: `"zlib-1.3-0.conda": {…}`. `name` is what the file name says, in lower case. */
  record: (name: string, pieces: readonly Uint8Array[]) => void;
  /** `info`, `removed` and `repodata_version`, as JSON. */
  other: (key: string, json: string) => void;
}

export interface RepodataSplitter {
  /** @throws Error for what is no repodata. */
  push: (chunk: Uint8Array) => void;
  /** @throws Error if the text ended in the middle. */
  end: () => void;
}

const wanted = new Set(['info', 'removed', 'repodata_version']);
/** Longer than any honest record, file name or list. */
const longest = 64 << 20;

/** Records are maps of lists; nothing honest goes further down. */
const deepest = 64;

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

type State = 'start' | 'key' | 'in-key' | 'colon' | 'value' | 'entry' | 'in-entry' | 'entry-colon' | 'record' | 'end';

/**
 * Cuts the text of a `repodata.json` into its records without building what it says, in one pass over the bytes: memory is that of a single record,
 * however many there are.
 */
export function createRepodataSplitter(sink: RepodataSink): RepodataSplitter {
  let state: State = 'start';
  let key = '';
  let entry = '';
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** What was kept of earlier chunks, and where keeping began in this one. */
  let kept: Uint8Array[] = [];
  let keptSize = 0;
  let from = -1;

  const keepFrom = (at: number): void => {
    kept = [];
    keptSize = 0;
    from = at;
  };
  const takeKept = (chunk: Uint8Array, end: number): Uint8Array[] => {
    const pieces = [...kept, chunk.subarray(from, end)];
    kept = [];
    from = -1;
    return pieces;
  };
  const textOf = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString('utf8');
  /** The position behind a value; -1 if it goes on in the next chunk. */
  const endOfValue = (chunk: Uint8Array, start: number): number => {
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) {
          inString = false;
          if (depth === 0) return at + 1;
        }
      } else if (byte === quote) inString = true;
      else if (byte === openBrace || byte === openBracket) {
        depth += 1;
        if (depth > deepest) throw new Error('it is nested too deeply');
      } else if (byte === closeBrace || byte === closeBracket) {
        // The end of a number, true, false or null.
        if (depth === 0) return at;
        depth -= 1;
        if (depth === 0) return at + 1;
      } else if (byte === comma && depth === 0) return at;
    }
    return -1;
  };
  const endOfString = (chunk: Uint8Array, start: number): number => {
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (escaped) escaped = false;
      else if (byte === backslash) escaped = true;
      else if (byte === quote) return at + 1;
    }
    return -1;
  };
  const takeRecord = (pieces: readonly Uint8Array[]): void => {
    if (leavesFolder(entry)) throw new Error(`it names a file outside of its folder: ${JSON.stringify(entry)}`);
    const name = parsePackageFilename(entry)?.name;
    // What no package can be called is none.
    if (name !== undefined) sink.record(name.toLowerCase(), pieces);
  };

  const push = (chunk: Uint8Array): void => {
    if (from !== -1) from = 0;
    let at = 0;
    while (at < chunk.length) {
      const byte = chunk[at] ?? 0;
      if (state === 'in-key' || state === 'in-entry') {
        const end = endOfString(chunk, at);
        if (end === -1) break;
        if (state === 'in-key') {
          key = JSON.parse(textOf(takeKept(chunk, end))) as string;
          state = 'colon';
        } else {
          // The key stays kept: it belongs to what is handed on.
          entry = JSON.parse(textOf([...kept, chunk.subarray(from, end)])) as string;
          state = 'entry-colon';
        }
        at = end;
        continue;
      }
      if (state === 'value' || state === 'record') {
        const end = endOfValue(chunk, at);
        if (end === -1) break;
        at = end;
        if (state === 'record') {
          takeRecord(takeKept(chunk, end));
          state = 'entry';
        } else {
          if (from !== -1) sink.other(key, textOf(takeKept(chunk, end)));
          state = 'key';
        }
        continue;
      }
      at += 1;
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
      switch (state) {
        case 'start':
          if (byte !== openBrace) throw new Error('it is no JSON object');
          state = 'key';
          break;
        case 'key':
          if (byte === quote) {
            keepFrom(at - 1);
            escaped = false;
            state = 'in-key';
          } else if (byte === closeBrace) state = 'end';
          else if (byte !== comma) throw new Error('it is no JSON: a key is missing');
          break;
        case 'colon':
          if (byte === colon) break;
          if (key === 'packages' || key === 'packages.conda') {
            if (byte !== openBrace) throw new Error(`its \`${key}\` is no object`);
            state = 'entry';
          } else {
            at -= 1;
            if (wanted.has(key)) keepFrom(at);
            depth = 0;
            inString = false;
            escaped = false;
            state = 'value';
          }
          break;
        case 'entry':
          if (byte === quote) {
            keepFrom(at - 1);
            escaped = false;
            state = 'in-entry';
          } else if (byte === closeBrace) state = 'key';
          else if (byte !== comma) throw new Error('it is no JSON: a file name is missing');
          break;
        case 'entry-colon':
          if (byte === colon) break;
          if (byte !== openBrace) throw new Error(`what it says of ${JSON.stringify(entry)} is no object`);
          at -= 1;
          depth = 0;
          inString = false;
          escaped = false;
          state = 'record';
          break;
        case 'end':
          throw new Error('something stands behind its end');
      }
    }
    if (from !== -1) {
      const rest = chunk.subarray(from);
      keptSize += rest.length;
      if (keptSize > longest) throw new Error('it has a record that is far too long');
      kept.push(rest);
    }
  };
  return {
    push,
    end: () => {
      if (state !== 'end') throw new Error('it ends in the middle');
    },
  };
}
