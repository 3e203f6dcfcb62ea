import type { App } from '../app.ts';
import type { PackedContent } from './pack-definition.ts';

/** Brings packed content into the workspace. */
export async function keepContents(app: App, contents: ReadonlyMap<string, PackedContent>): Promise<void> {
  const { blobs } = await app.openWorkspace();
  for (const content of contents.values())
    await ('bytes' in content ? blobs.put(content.bytes) : blobs.putFile(content.file));
}
