import { join } from 'node:path';
import * as z from 'zod';
import { isAppError } from '../../errors/index.ts';
import {
  createTemporaryFolder,
  type Http,
  hashFile,
  readTextIfExists,
  removeTree,
  writeAtomically,
} from '../../io/index.ts';
import type { CompiledFile } from '../../resolve/index.ts';
import { sha256 } from '../../schema/index.ts';
import { expandVariables } from '../variables.ts';

export interface MeasureTools {
  http: Http;
  env: Record<string, string | undefined>;
  storeRoot: string;
  keep: (file: string) => Promise<{ sha256: string; size: number }>;
  signal?: AbortSignal;
}

const Measured = z.object({ sha256: z.string(), size: z.number() });
type Measured = z.infer<typeof Measured>;

/**
 * Digest and size of a file. What was measured once under its digest is noted, so that it is known offline too; where the digest is known,
 * a look at the headers is enough for the size; else the file is fetched, and kept.
 */
export async function measureFile(file: CompiledFile, tools: MeasureTools): Promise<Measured> {
  if (file.path !== undefined) return await hashFile(file.path);
  const note = join(tools.storeRoot, 'measured', `${sha256(`${file.sha256 ?? ''} ${file.url ?? ''}`)}.json`);
  const known = await readNote(note);
  if (known !== undefined && file.sha256 !== undefined) return known;
  try {
    const size = file.sha256 === undefined ? undefined : await askSize(file.url ?? '', tools);
    const measured =
      file.sha256 === undefined || size === undefined ? await takeIn(file, tools) : { sha256: file.sha256, size };
    await writeAtomically(note, JSON.stringify(measured));
    return measured;
  } catch (error) {
    if (known !== undefined && isAppError(error, 'OFFLINE')) return known;
    throw error;
  }
}

/** Its size, from the headers of one byte; undefined if the server does not tell. */
async function askSize(url: string, { http, env, signal }: MeasureTools): Promise<number | undefined> {
  const response = await http.get(expandVariables(url, env), {
    headers: { range: 'bytes=0-0', 'accept-encoding': 'identity' },
    signal,
  });
  const { 'content-range': range, 'content-length': length, 'content-encoding': encoding } = response.headers;
  // A server that ignores the range sends everything: not more than the first piece is taken.
  for await (const _piece of response.stream()) break;
  const text = response.status === 206 ? /\/(\d+)$/.exec(range ?? '')?.[1] : length;
  return encoding === undefined && text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

async function takeIn(file: CompiledFile, { http, env, storeRoot, keep, signal }: MeasureTools): Promise<Measured> {
  const folder = await createTemporaryFolder(join(storeRoot, 'tmp'), 'measure-');
  try {
    const target = join(folder, 'file');
    await http.download(expandVariables(file.url ?? '', env), target, { sha256: file.sha256, signal });
    return await keep(target);
  } finally {
    await removeTree(folder);
  }
}

async function readNote(path: string): Promise<Measured | undefined> {
  const text = await readTextIfExists(path);
  try {
    return text === undefined ? undefined : Measured.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
