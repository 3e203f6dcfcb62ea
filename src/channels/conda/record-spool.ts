import { type FileHandle, open } from 'node:fs/promises';
import * as z from 'zod';
import { inParallel, withFsErrors } from '../../io/index.ts';
import { createRepodataSplitter } from './split-repodata.ts';

/** Where the records of each name are in a file of records: offset and length, again and again. */
export const SpoolIndex = z.object({
  info: z.string().optional(),
  removed: z.array(z.string()),
  /** Of the file. */
  size: z.number(),
  runs: z.record(z.string(), z.array(z.number())),
});
export type SpoolIndex = z.infer<typeof SpoolIndex>;

/** More than any channel has: names, records, and bytes of the records of one name. */
const mostNames = 1_000_000;
const mostRecords = 20_000_000;
const mostOfName = 256 << 20;
/** So many at once: one is parsed while others are read. */
const reads = 8;
/** Gathered up to this size: fewer writes. */
const writeSize = 4 << 20;

/**
 * Writes the records of a `repodata.json` one behind the other into `file`, and answers where those of each name are. Of a channel with hundreds of
 * thousands of packages a solve needs a few hundred names; this way nobody reads the others again. Memory stays small, however long the text is.
 * @throws Error for what is no repodata.
 */
export async function spoolRecords(text: AsyncIterable<Uint8Array>, file: string): Promise<SpoolIndex> {
  const runs = new Map<string, number[]>();
  const index: SpoolIndex = { removed: [], size: 0, runs: {} };
  let written = 0;
  let pieces: Uint8Array[] = [];
  let gathered = 0;
  let records = 0;
  const splitter = createRepodataSplitter({
    record: (name, parts) => {
      records += 1;
      if (records > mostRecords) throw new Error(`it has more than ${mostRecords} packages`);
      let size = 1;
      for (const part of parts) {
        pieces.push(part);
        size += part.length;
      }
      pieces.push(separator);
      addRun(runs, name, written + gathered, size);
      gathered += size;
      if (runs.size > mostNames) throw new Error(`it has packages of more than ${mostNames} names`);
    },
    other: (key, json) => {
      if (key === 'info') index.info = json;
      if (key === 'removed') index.removed = removedOf(JSON.parse(json));
    },
  });
  const output = await withFsErrors(`write \`${file}\``, async () => await open(file, 'w'));
  const flush = async (): Promise<void> => {
    const batch = Buffer.concat(pieces, gathered);
    pieces = [];
    gathered = 0;
    await withFsErrors(`write \`${file}\``, async () => {
      await output.writeFile(batch);
    });
    written += batch.length;
  };
  try {
    for await (const chunk of text) {
      splitter.push(chunk);
      if (gathered >= writeSize) await flush();
    }
    splitter.end();
    await flush();
  } finally {
    await output.close();
  }
  for (const [name, places] of runs) checkSize(name, places);
  index.runs = Object.fromEntries(runs);
  index.size = written;
  return index;
}

const separator = Buffer.from(',');

/** Records of a name mostly follow one another. */
function addRun(runs: Map<string, number[]>, name: string, offset: number, size: number): void {
  const before = runs.get(name);
  if (before === undefined) {
    runs.set(name, [offset, size]);
    return;
  }
  const last = before.length - 2;
  if ((before[last] ?? 0) + (before[last + 1] ?? 0) === offset) before[last + 1] = (before[last + 1] ?? 0) + size;
  else before.push(offset, size);
}

/** They are read at once. */
function checkSize(name: string, places: readonly number[]): void {
  let size = 0;
  for (let at = 1; at < places.length; at += 2) size += places[at] ?? 0;
  if (size > mostOfName) throw new Error(`it has far too much about ${JSON.stringify(name)}`);
}

function removedOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The records of some names: file name → record, as the channel has it. @throws Error for what is no JSON. */
export async function readSpooled(
  input: FileHandle,
  index: SpoolIndex,
  names: readonly string[],
): Promise<[string, unknown][]> {
  const places: { offset: number; size: number }[] = [];
  for (const name of names) {
    const runs = Object.hasOwn(index.runs, name) ? (index.runs[name] ?? []) : [];
    for (let at = 0; at < runs.length; at += 2) places.push({ offset: runs[at] ?? 0, size: runs[at + 1] ?? 0 });
  }
  const found = await inParallel(places, reads, async ({ offset, size }) => {
    const { buffer, bytesRead } = await input.read(Buffer.allocUnsafe(size), 0, size, offset);
    if (bytesRead !== size) throw new Error('the cached records end early');
    return Object.entries(JSON.parse(`{${buffer.toString('utf8', 0, size - 1)}}`) as Record<string, unknown>);
  });
  return found.flat();
}
