import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readBytes, withFsErrors } from '../files.ts';
import type { HttpResponse } from './http.ts';

/** A file of this machine as if a server had answered it. */
export async function fileResponse(url: string): Promise<HttpResponse> {
  const path = fileURLToPath(url.replace(/#.*$/, ''));
  const { size } = await withFsErrors(`read \`${path}\``, () => stat(path));
  return {
    status: 200,
    headers: { 'content-length': String(size) },
    url,
    bytes: async () => await readBytes(path),
    text: async () => (await readBytes(path)).toString('utf8'),
    stream: () => createReadStream(path, { highWaterMark: 1 << 20 }),
  };
}
