import { explainUnsent, type PackedContent, readPacked } from '../app/index.ts';
import { inParallel } from '../io/index.ts';
import { type Step, step } from '../report/index.ts';
import type { Connection } from './connection.ts';

/** So many at once: servers are far away. */
const parallel = 8;

/** Sends what the server lacks. @throws AppError FILE_CHANGED for a file that is no more what its digest was taken of. */
export async function uploadMissing(
  { api, emit }: Pick<Connection, 'api' | 'emit'>,
  contents: ReadonlyMap<string, PackedContent>,
): Promise<void> {
  if (contents.size === 0) return;
  const body = { digests: [...contents.keys()] };
  const { missing } = await api.json<{ missing: string[] }>({ method: 'POST', path: '/blobs/missing', body });
  if (missing.length === 0) return;
  const total = missing.length;
  const title = `Sending ${total === 1 ? 'a file' : `${total} files`} to ${api.url}`;
  const work = async (current: Step): Promise<void> => {
    let done = 0;
    await inParallel(missing, parallel, async (digest) => {
      const content = contents.get(digest);
      if (content !== undefined) await send(api, digest, content);
      done += 1;
      current.progress(done);
    });
  };
  await step(emit, title, work, { unit: 'items', total });
}

async function send(api: Connection['api'], digest: string, content: PackedContent): Promise<void> {
  const headers = { 'content-type': 'application/octet-stream' };
  try {
    await api.send({ method: 'PUT', path: `/blobs/${digest}`, bytes: readPacked(content), headers });
  } catch (error) {
    throw await explainUnsent(error, digest, content);
  }
}
