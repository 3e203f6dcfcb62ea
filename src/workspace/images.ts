import { isDeepStrictEqual } from 'node:util';
import { now } from '../io/index.ts';
import { ImageRevision, type NamedImage, type Platform, type PlatformImage } from '../schema/index.ts';
import { findMovedBases, findShared, type MovedBase, type SharedLayer, writeLayers } from './image-layers.ts';
import { fromJson } from './stored-json.ts';
import { type Connection, inTransaction } from './transaction.ts';

/** What an image is made of; two that agree in it are the same. Null where there is none. */
export interface ImageIngredients {
  fingerprint: string;
  platform: Platform;
  lockDigest: string | null;
  baseDigest: string | null;
  /** The others that were named, by reference; whichever those were if they are left out. */
  images?: readonly NamedImage[];
}

export interface ImageStore {
  /**
   * Keeps an image as the fingerprint's next revision. If the newest one is the same, made of the same, that one is answered. What has moved may
   * leave no trace in the image (of a base's index only another platform's part): then there are two revisions of one digest, because an image is
   * looked up by what it is made of.
   */
  add(image: Omit<ImageRevision, 'revision' | 'createdAt' | 'createdBy'>): Promise<ImageRevision>;
  get(fingerprint: string, revision: number): Promise<ImageRevision | undefined>;
  /** The newest one, of a platform if one is named. */
  latest(fingerprint: string, platform?: Platform): Promise<ImageRevision | undefined>;
  /** Newest first. */
  list(fingerprint: string): Promise<ImageRevision[]>;
  /** The newest image of these ingredients. */
  find(ingredients: ImageIngredients): Promise<{ revision: ImageRevision; image: PlatformImage } | undefined>;
  /** The newest of this digest: of the index or of a platform's manifest. */
  byDigest(digest: string): Promise<ImageRevision | undefined>;
  /** What a base image's reference meant when somebody looked last, and when that was (ISO 8601). */
  baseDigest(reference: string): Promise<{ digest: string; checkedAt: string } | undefined>;
  setBaseDigest(reference: string, digest: string): Promise<void>;
  /** Digests of the base images that images were made on, and of those that references mean. */
  knownBases(): Promise<Set<string>>;
  /** Which of these layers other environments have now. */
  shared(request: { digests: readonly string[]; except: string }): Promise<SharedLayer[]>;
  /** Environments whose base image has moved since their newest image was made, as far as anybody has looked. */
  movedBases(limit: number): Promise<MovedBase[]>;
}

export function createImageStore(database: Connection, user: string): ImageStore {
  return {
    add: async (image) => await inTransaction(database, async (transaction) => await add(transaction, image, user)),
    get: (fingerprint, revision) => findRevision(database, fingerprint, revision),
    latest: async (fingerprint, platform) => {
      if (platform === undefined) return await findLatest(database, fingerprint);
      const row = await database
        .selectFrom('platform_images')
        .select('revision')
        .where('fingerprint', '=', fingerprint)
        .where('platform', '=', platform)
        .orderBy('revision', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? undefined : await findRevision(database, fingerprint, row.revision);
    },
    list: async (fingerprint) => {
      const query = database.selectFrom('image_revisions').select(['fingerprint', 'record']);
      const rows = await query.where('fingerprint', '=', fingerprint).orderBy('revision', 'desc').execute();
      return rows.map(toRevision);
    },
    find: (ingredients) => find(database, ingredients),
    byDigest: async (digest) => {
      const whole = await database
        .selectFrom('image_revisions')
        .select(['fingerprint', 'record'])
        .where('digest', '=', digest)
        .orderBy('revision', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (whole !== undefined) return toRevision(whole);
      const part = await database
        .selectFrom('platform_images')
        .select(['fingerprint', 'revision'])
        .where('digest', '=', digest)
        .orderBy('revision', 'desc')
        .limit(1)
        .executeTakeFirst();
      return part === undefined ? undefined : await findRevision(database, part.fingerprint, part.revision);
    },
    baseDigest: async (reference) => {
      const query = database.selectFrom('base_references').selectAll().where('reference', '=', reference);
      const row = await query.executeTakeFirst();
      return row === undefined ? undefined : { digest: row.digest, checkedAt: row.checked_at };
    },
    setBaseDigest: async (reference, digest) => {
      const row = { digest, checked_at: now() };
      await database
        .insertInto('base_references')
        .values({ reference, ...row })
        .onConflict((conflict) => conflict.column('reference').doUpdateSet(row))
        .execute();
    },
    knownBases: async () => {
      const made = database.selectFrom('platform_images').select('base_digest as digest').distinct();
      const meant = database.selectFrom('base_references').select('digest').distinct();
      const rows = [...(await made.execute()), ...(await meant.execute())];
      return new Set(rows.map(({ digest }) => digest).filter((digest) => digest !== null));
    },
    shared: (request) => findShared(database, request),
    movedBases: (limit) => findMovedBases(database, limit),
  };
}

async function add(
  transaction: Connection,
  image: Omit<ImageRevision, 'revision' | 'createdAt' | 'createdBy'>,
  user: string,
): Promise<ImageRevision> {
  const newest = await findLatest(transaction, image.fingerprint);
  if (newest?.digest === image.digest && isDeepStrictEqual(madeOf(newest), madeOf(image))) return newest;
  const record = ImageRevision.parse({
    ...image,
    revision: (newest?.revision ?? 0) + 1,
    createdAt: now(),
    createdBy: user,
  });
  const { fingerprint, revision, digest, createdAt } = record;
  await transaction
    .insertInto('image_revisions')
    .values({ fingerprint, revision, digest, record: JSON.stringify(record), created_at: createdAt })
    .execute();
  await transaction
    .insertInto('platform_images')
    .values(
      record.platforms.map((each) => ({
        fingerprint,
        revision,
        platform: each.platform,
        digest: each.digest,
        lock_digest: each.lockDigest,
        base_digest: each.base?.digest ?? null,
        base_reference: each.base?.reference ?? null,
      })),
    )
    .execute();
  await writeLayers(transaction, [record]);
  return record;
}

/** What look-ups ask for. */
function madeOf({
  platforms,
}: Pick<ImageRevision, 'platforms'>): Pick<PlatformImage, 'platform' | 'base' | 'images'>[] {
  return platforms.map(({ platform, base, images }) => ({ platform, base, images }));
}

async function find(
  database: Connection,
  { fingerprint, platform, lockDigest, baseDigest, images }: ImageIngredients,
): Promise<{ revision: ImageRevision; image: PlatformImage } | undefined> {
  const rows = await database
    .selectFrom('platform_images')
    .select('revision')
    .where('fingerprint', '=', fingerprint)
    .where('platform', '=', platform)
    .where('lock_digest', lockDigest === null ? 'is' : '=', lockDigest)
    .where('base_digest', baseDigest === null ? 'is' : '=', baseDigest)
    .orderBy('revision', 'desc')
    .execute();
  for (const row of rows) {
    const revision = await findRevision(database, fingerprint, row.revision);
    const image = revision?.platforms.find((each) => each.platform === platform);
    if (revision === undefined || image === undefined) continue;
    if (images === undefined || isDeepStrictEqual(image.images, [...images])) return { revision, image };
  }
  return undefined;
}

async function findLatest(connection: Connection, fingerprint: string): Promise<ImageRevision | undefined> {
  const query = connection.selectFrom('image_revisions').select(['fingerprint', 'record']);
  const row = await query
    .where('fingerprint', '=', fingerprint)
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : toRevision(row);
}

async function findRevision(
  connection: Connection,
  fingerprint: string,
  revision: number,
): Promise<ImageRevision | undefined> {
  const query = connection.selectFrom('image_revisions').select(['fingerprint', 'record']);
  const row = await query.where('fingerprint', '=', fingerprint).where('revision', '=', revision).executeTakeFirst();
  return row === undefined ? undefined : toRevision(row);
}

function toRevision({ fingerprint, record }: { fingerprint: string; record: string }): ImageRevision {
  return fromJson(ImageRevision, record, `an image of ${fingerprint}`);
}
