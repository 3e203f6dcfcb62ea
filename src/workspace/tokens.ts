import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Selectable } from 'kysely';
import { AppError } from '../errors/index.ts';
import { now } from '../io/index.ts';
import type { Role, TokenRecord } from '../schema/index.ts';
import { inBatches } from './in-batches.ts';
import { cursorText, inOrder, type Page, type TimedRequest, toPage } from './page.ts';
import type { Tables } from './tables.ts';
import type { Connection } from './transaction.ts';

export interface TokenStore {
  /** The text is answered here and never again: only its hash is kept. */
  create(request: { user: string; role: Role; expiresAt?: string }): Promise<{ token: TokenRecord; text: string }>;
  /** The token that a text is, if it is one that holds. Takes the same time whichever part of a text is wrong. */
  find(text: string): Promise<TokenRecord | undefined>;
  /** By time, the newest first; also those that do not hold any more. */
  list(request: TimedRequest & { user?: string }): Promise<Page<TokenRecord>>;
  /** Nothing if it was revoked before. @throws AppError TOKEN_NOT_FOUND. */
  revoke(id: string): Promise<TokenRecord>;
  /** `made`: whether there ever was one; `holding`: whether one holds now. */
  state(): Promise<{ made: boolean; holding: boolean }>;
}

type TokenRow = Selectable<Tables['tokens']>;

/** `terroir_<id>_<secret>`: the word in front lets scanners of repositories find a token that leaked. */
const pattern = /^terroir_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
/** Milliseconds between two notes that a token was used. */
const noteEvery = 60_000;

export function createTokenStore(database: Connection, user: string): TokenStore {
  const readRow = inBatches<string, TokenRow | undefined>((ids) => readRows(database, ids));
  const noteUse = inBatches<string, void>((ids) => noteUses(database, ids));
  return {
    create: async ({ user: owner, role, expiresAt }) => {
      const id = randomBytes(6).toString('hex');
      const secret = randomBytes(32).toString('base64url');
      const row: TokenRow = {
        id,
        user: owner,
        role,
        hash: hashOf(secret),
        created_at: now(),
        created_by: user,
        expires_at: expiresAt ?? null,
        revoked_at: null,
        used_at: null,
      };
      await database.insertInto('tokens').values(row).execute();
      return { token: toRecord(row), text: `terroir_${id}_${secret}` };
    },
    find: (text) => find(text, { readRow, noteUse }),
    list: (request) => list(database, request),
    revoke: async (id) => {
      const open = database.updateTable('tokens').set({ revoked_at: now() }).where('id', '=', id);
      await open.where('revoked_at', 'is', null).execute();
      const row = await database.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
      if (row !== undefined) return toRecord(row);
      throw new AppError('TOKEN_NOT_FOUND', `there is no token \`${id}\` in this workspace`, {
        hint: '`terroir token list` lists them.',
      });
    },
    state: async () => {
      const any = await database.selectFrom('tokens').select('id').limit(1).executeTakeFirst();
      if (any === undefined) return { made: false, holding: false };
      const query = database.selectFrom('tokens').select('id').where('revoked_at', 'is', null);
      const holding = query.where(({ eb, or }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', now())]));
      return { made: true, holding: (await holding.limit(1).executeTakeFirst()) !== undefined };
    },
  };
}

interface Rows {
  readRow(id: string): Promise<TokenRow | undefined>;
  noteUse(id: string): Promise<void>;
}

async function find(text: string, { readRow, noteUse }: Rows): Promise<TokenRecord | undefined> {
  const [, id = '', secret = ''] = pattern.exec(text) ?? [];
  const row = await readRow(id);
  // An id that is unknown is compared with something, too.
  const isRight = timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(row?.hash ?? hashOf('nothing')));
  if (row === undefined || !isRight || !holds(row)) return undefined;
  if (row.used_at === null || Date.now() - Date.parse(row.used_at) >= noteEvery) await noteUse(id);
  return toRecord(row);
}

function holds({ expires_at: expiresAt, revoked_at: revokedAt }: TokenRow): boolean {
  return revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > Date.now());
}

/** In the order of the ids. */
async function readRows(database: Connection, ids: readonly string[]): Promise<(TokenRow | undefined)[]> {
  const rows = await database
    .selectFrom('tokens')
    .selectAll()
    .where('id', 'in', [...new Set(ids)])
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id));
}

async function noteUses(database: Connection, ids: readonly string[]): Promise<void[]> {
  const each = [...new Set(ids)].sort();
  await database.updateTable('tokens').set({ used_at: now() }).where('id', 'in', each).execute();
  return ids.map(() => undefined);
}

async function list(
  database: Connection,
  { limit, cursor, sort, user }: TimedRequest & { user?: string },
): Promise<Page<TokenRecord>> {
  const { direction, beyond } = inOrder(sort);
  let query = database
    .selectFrom('tokens')
    .selectAll()
    .orderBy('created_at', direction)
    .orderBy('id', direction)
    .limit(limit + 1);
  if (cursor !== undefined) {
    const [time = '', id = ''] = cursorText(cursor).split(' ');
    query = query.where(({ eb, or, and }) =>
      or([eb('created_at', beyond, time), and([eb('created_at', '=', time), eb('id', beyond, id)])]),
    );
  }
  if (user !== undefined) query = query.where('user', '=', user);
  const keyOf = (row: TokenRow): string => `${row.created_at} ${row.id}`;
  return toPage(await query.execute(), limit, { keyOf, toItem: toRecord });
}

/** No slow hash is needed: the secret has 256 random bits, so nobody can go through all of them. */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function toRecord(row: TokenRow): TokenRecord {
  return {
    id: row.id,
    user: row.user,
    role: row.role,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    usedAt: row.used_at,
  };
}
