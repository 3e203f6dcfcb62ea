import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../errors/index.ts';
import { readBytesIfExists, withFileLock, writeAtomically } from '../io/index.ts';

const length = 32;

/** The key for hashes of secret values: made once, whoever asks first, and only its owner may read it. @throws AppError CORRUPT_STORE. */
export async function readSecretKey(folder: string): Promise<Buffer> {
  const path = join(folder, 'secret.key');
  return (
    (await read(path)) ??
    (await withFileLock(join(folder, 'locks', 'secret-key'), async () => {
      const known = await read(path);
      if (known !== undefined) return known;
      const made = randomBytes(length);
      await writeAtomically(path, made, { mode: 0o600, durable: true });
      return made;
    }))
  );
}

async function read(path: string): Promise<Buffer | undefined> {
  const key = await readBytesIfExists(path);
  if (key === undefined || key.length === length) return key;
  throw new AppError('CORRUPT_STORE', `\`${path}\` is damaged: it has ${key.length} bytes instead of ${length}`, {
    hint: 'Restore it from a backup, or remove it: hashes of secrets then differ from those in earlier records.',
  });
}
