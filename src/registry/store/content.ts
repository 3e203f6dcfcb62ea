import type { Writable } from 'node:stream';
import { AppError } from '../../errors/index.ts';
import {
  digestOfFile,
  linkFile,
  moveFile,
  now,
  readFileRange,
  sealFile,
  sendFile,
  statIfExists,
  writeAtomically,
} from '../../io/index.ts';
import { algorithmOf, splitDigest, startDigest } from '../names.ts';
import type { Layout } from './layout.ts';
import { affirm, type Grace } from './retire.ts';

/** What was found to be damaged; it was moved to `movedTo`. */
export interface Damage {
  digest: string;
  path: string;
  movedTo: string;
}

/** First and last byte, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * Content on its way out, to be taken once. What may have changed since it was verified is verified on the way: the last piece comes only when all was
 * found to be right. @throws AppError CORRUPT_STORE; what is damaged is moved away then, so that a new copy can come in.
 */
export interface Reading {
  pieces: () => AsyncIterable<Buffer>;
  /** Writes it to a stream and leaves that open; quicker than `pieces`. */
  sendTo: (target: Writable) => Promise<void>;
}

/** The bytes behind the digests. Every file was verified when it came in, and is verified again before it goes out if it may have changed. */
export interface Content {
  path: (digest: string) => string;
  /** The size, or undefined if it is not there. */
  size: (digest: string) => Promise<number | undefined>;
  /** True if it is there and stays for now. */
  affirm: (digest: string) => Promise<boolean>;
  /** Takes in a file that the caller has verified; the file is gone from where it was. False if there was none (any more). */
  adopt: (file: string, digest: string) => Promise<boolean>;
  /** The same, by a second name for a file that nobody writes any more. False where that cannot be had. */
  link: (file: () => Promise<string | undefined>, digest: string) => Promise<boolean>;
  /** Small content. */
  write: (content: Uint8Array, digest: string) => Promise<void>;
  /** All of it, or a part. Undefined if it is not there. */
  open: (digest: string, range?: ByteRange) => Promise<Reading | undefined>;
  /** Reads it whole. What was wrong with it, if anything was. */
  verify: (digest: string) => Promise<Damage | undefined>;
}

/** What tells a file that was verified from one that was touched since. */
interface Sound {
  inode: number;
  size: number;
  modified: number;
  changed: number;
}

/** Enough for all the layers that one server has in hand; more only costs another look. */
const rememberedAtMost = 10_000;

export function createContent(
  layout: Layout,
  { grace, onDamage }: Grace & { onDamage?: (damage: Damage) => void },
): Content {
  const verified = new Map<string, Sound>();
  const path = layout.content;

  const look = async (digest: string): Promise<Sound | undefined> => {
    const stats = await statIfExists(path(digest));
    if (stats === undefined) return undefined;
    return { inode: stats.ino, size: stats.size, modified: stats.mtimeMs, changed: stats.ctimeMs };
  };
  const remember = (digest: string, facts: Sound | undefined): void => {
    if (facts === undefined) return;
    const [oldest] = verified.size >= rememberedAtMost ? verified.keys() : [];
    if (oldest !== undefined) verified.delete(oldest);
    verified.set(digest, facts);
  };
  const isKnownSound = (digest: string, facts: Sound): boolean => isSame(verified.get(digest), facts);

  const moveAway = async (digest: string, facts: Sound): Promise<Damage> => {
    const { algorithm, hex } = splitDigest(digest);
    const movedTo = `${layout.damaged}/${algorithm}-${hex}-${now().replaceAll(/[:.]/g, '')}`;
    // A sound copy may have come in meanwhile.
    const isStillThere = isSame(await look(digest), facts);
    const damage = { digest, path: path(digest), movedTo };
    if (isStillThere && (await moveFile(path(digest), movedTo))) onDamage?.(damage);
    return damage;
  };

  const verify = async (digest: string, facts: Sound): Promise<Damage | undefined> => {
    const hex = await digestOfFile(path(digest), algorithmOf(digest));
    if (hex !== splitDigest(digest).hex) return await moveAway(digest, facts);
    remember(digest, facts);
    return undefined;
  };

  /** All of it, checked on the way. */
  async function* readChecked(digest: string, facts: Sound): AsyncIterableIterator<Buffer> {
    const hash = startDigest(algorithmOf(digest));
    let held: Buffer | undefined;
    for await (const piece of readFileRange(path(digest))) {
      hash.update(piece);
      if (held !== undefined) yield held;
      held = piece;
    }
    if (hash.digest('hex') !== splitDigest(digest).hex) throw damaged(await moveAway(digest, facts));
    remember(digest, facts);
    if (held !== undefined) yield held;
  }

  const sendChecked = async (digest: string, facts: Sound, target: Writable): Promise<void> => {
    const hash = startDigest(algorithmOf(digest));
    let isSound: boolean | undefined;
    const onPiece = (piece: Buffer, isLast: boolean): void => {
      hash.update(piece);
      if (!isLast) return;
      isSound = hash.digest('hex') === splitDigest(digest).hex;
      if (!isSound) throw new Error('damaged');
    };
    try {
      await sendFile(path(digest), target, { onPiece });
    } catch (error) {
      if (isSound === false) throw damaged(await moveAway(digest, facts));
      throw error;
    }
    remember(digest, facts);
  };

  return {
    path,
    size: async (digest) => (await look(digest))?.size,
    affirm: async (digest) => {
      const before = await look(digest);
      const isThere = await affirm(path(digest), { grace });
      // Our own touch is no reason to doubt it.
      if (isThere && before !== undefined && isKnownSound(digest, before)) remember(digest, await look(digest));
      return isThere;
    },
    adopt: async (file, digest) => {
      await sealFile(file, 0o444);
      if (!(await moveFile(file, path(digest)))) return false;
      remember(digest, await look(digest));
      return true;
    },
    link: async (file, digest) => {
      if (await affirm(path(digest), { grace })) return true;
      const source = await file();
      if (source === undefined || !(await linkFile(source, path(digest)))) return false;
      remember(digest, await look(digest));
      return true;
    },
    write: async (content, digest) => {
      await writeAtomically(path(digest), content, { mode: 0o444, durable: true });
    },
    open: async (digest, range) => {
      const facts = await look(digest);
      if (facts === undefined) return undefined;
      // Of a stretch the rest is not read on the way, and of nothing there is no last piece to hold back.
      const isCheckedFirst = range !== undefined || facts.size === 0;
      const isSound = isKnownSound(digest, facts) || (isCheckedFirst && (await verify(digest, facts)) === undefined);
      if (isSound) {
        return {
          pieces: () => readFileRange(path(digest), range),
          sendTo: async (target) => await sendFile(path(digest), target, { range }),
        };
      }
      if (isCheckedFirst) return undefined;
      return {
        pieces: () => readChecked(digest, facts),
        sendTo: async (target) => await sendChecked(digest, facts, target),
      };
    },
    verify: async (digest) => {
      const facts = await look(digest);
      return facts === undefined ? undefined : await verify(digest, facts);
    },
  };
}

function damaged({ path, movedTo }: Damage): AppError {
  return new AppError('CORRUPT_STORE', `\`${path}\` was changed: its content is not what its name says`, {
    hint: `It was moved to \`${movedTo}\`; push it again, or restore it from a backup.`,
  });
}

function isSame(a: Sound | undefined, b: Sound): boolean {
  return (
    a !== undefined && a.inode === b.inode && a.size === b.size && a.modified === b.modified && a.changed === b.changed
  );
}
