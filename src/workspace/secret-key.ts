import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../errors/index.ts';
import { readBytesIfExists, withFileLock, writeAtomically } from '../io/index.ts';
import type { Connection } from './transaction.ts';

const length = 32;
const keyFact = 'secret.key';

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

/** The same for machines that share no folder: it is in their database. */
export async function sharedSecretKey(database: Connection): Promise<Buffer> {
  const query = database.selectFrom('facts').select('value').where('name', '=', keyFact);
  const known = await query.executeTakeFirst();
  if (known !== undefined) return Buffer.from(known.value, 'base64');
  await database
    .insertInto('facts')
    .values({ name: keyFact, value: randomBytes(length).toString('base64') })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  return Buffer.from((await query.executeTakeFirstOrThrow()).value, 'base64');
}

async function read(path: string): Promise<Buffer | undefined> {
  const key = await readBytesIfExists(path);
  if (key === undefined || key.length === length) return key;
  throw new AppError('CORRUPT_STORE', `\`${path}\` is damaged: it has ${key.length} bytes instead of ${length}`, {
    hint: 'Restore it from a backup, or remove it: hashes of secrets then differ from those in earlier records.',
  });
}
