import type { App } from '../app.ts';
import { explainUnsent, type PackedContent, readPacked } from './packed-content.ts';

/** What one asks for oneself may be as large as it is. Milliseconds that another machine may be silent while it sends. */
const unlimited = { limit: Number.POSITIVE_INFINITY, patience: 60_000 };

/** Brings packed content into the workspace. @throws AppError FILE_CHANGED. */
export async function keepContents(app: App, contents: ReadonlyMap<string, PackedContent>): Promise<void> {
  const { blobs } = await app.openWorkspace();
  for (const [digest, content] of contents) {
    const read = readPacked(content);
    if (read instanceof Uint8Array) await blobs.put(read);
    else if ((await blobs.size(digest)) === undefined)
      try {
        await blobs.receive(read, { digest, ...unlimited });
      } catch (error) {
        throw await explainUnsent(error, digest, content);
      }
  }
}
