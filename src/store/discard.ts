import { randomBytes } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFolder, removeTree, withFsErrors } from '../io/index.ts';

/** Removes a thing of the store: it leaves by a rename, so that nobody sees half of it, however this ends. False if it was not there. */
export async function discard(root: string, path: string): Promise<boolean> {
  const away = join(root, 'tmp', `gone-${randomBytes(8).toString('hex')}`);
  await ensureFolder(join(root, 'tmp'));
  const isThere = await withFsErrors(`remove \`${path}\``, async () => {
    try {
      await rename(path, away);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  });
  await removeTree(away);
  return isThere;
}
