import type { App } from '../app.ts';
import type { PackedContent } from './pack-definition.ts';

/** Milliseconds that another machine may be silent while it sends. */
const patience = 60_000;

/** Brings packed content into the workspace. */
export async function keepContents(app: App, contents: ReadonlyMap<string, PackedContent>): Promise<void> {
  const { blobs } = await app.openWorkspace();
  for (const [digest, content] of contents) {
    if ('bytes' in content) await blobs.put(content.bytes);
    else if ('file' in content) await blobs.putFile(content.file);
    else if ((await blobs.size(digest)) === undefined)
      await blobs.receive(content.open(), { digest, limit: Number.POSITIVE_INFINITY, patience });
  }
}
