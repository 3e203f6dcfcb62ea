import type { PackedContent } from '../app/index.ts';
import { readFileRange } from '../io/index.ts';
import type { ApiClient } from './api-client.ts';

/** Sends what the server lacks. */
export async function uploadMissing(api: ApiClient, contents: ReadonlyMap<string, PackedContent>): Promise<void> {
  if (contents.size === 0) return;
  const { missing } = await api.json<{ missing: string[] }>({
    method: 'POST',
    path: '/blobs/missing',
    body: { digests: [...contents.keys()] },
  });
  for (const digest of missing) {
    const content = contents.get(digest);
    if (content === undefined) continue;
    const bytes = 'bytes' in content ? content.bytes : readFileRange(content.file);
    const headers = { 'content-type': 'application/octet-stream' };
    await api.send({ method: 'PUT', path: `/blobs/${digest}`, bytes, headers });
  }
}
