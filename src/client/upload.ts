import type { PackedContent } from '../app/index.ts';
import { readFileRange } from '../io/index.ts';
import { step } from '../report/index.ts';
import type { Connection } from './connection.ts';

/** So many at once: servers are far away. */
const parallel = 8;

/** Sends what the server lacks. */
export async function uploadMissing(
  { api, emit }: Pick<Connection, 'api' | 'emit'>,
  contents: ReadonlyMap<string, PackedContent>,
): Promise<void> {
  if (contents.size === 0) return;
  const body = { digests: [...contents.keys()] };
  const { missing } = await api.json<{ missing: string[] }>({ method: 'POST', path: '/blobs/missing', body });
  if (missing.length === 0) return;
  const queue = missing.map((digest) => ({ digest, content: contents.get(digest) }));
  const total = queue.length;
  const title = `Sending ${total === 1 ? 'a file' : `${total} files`} to ${api.url}`;
  const work = async (onSent: (done: number) => void): Promise<void> => {
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { digest, content } = next;
        if (content !== undefined) await send(api, digest, content);
        onSent(total - queue.length);
      }
    };
    const workers = Array.from({ length: Math.min(parallel, total) }, async () => {
      try {
        await worker();
      } finally {
        // Nobody goes on where one has failed.
        queue.length = 0;
      }
    });
    await Promise.all(workers);
  };
  await step(emit, title, async (current) => await work((done) => current.progress(done)), { unit: 'items', total });
}

async function send(api: Connection['api'], digest: string, content: PackedContent): Promise<void> {
  const bytes = 'bytes' in content ? content.bytes : readFileRange(content.file);
  const headers = { 'content-type': 'application/octet-stream' };
  await api.send({ method: 'PUT', path: `/blobs/${digest}`, bytes, headers });
}
