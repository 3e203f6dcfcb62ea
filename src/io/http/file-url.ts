import { fileURLToPath } from 'node:url';
import { readBytes } from '../files.ts';
import type { HttpResponse } from './http.ts';

/** A file of this machine as if a server had answered it. */
export async function fileResponse(url: string): Promise<HttpResponse> {
  const content = await readBytes(fileURLToPath(url.replace(/#.*$/, '')));
  return {
    status: 200,
    headers: { 'content-length': String(content.length) },
    url,
    bytes: () => Promise.resolve(content),
    text: () => Promise.resolve(content.toString('utf8')),
    stream: async function* () {
      yield content;
    },
  };
}
