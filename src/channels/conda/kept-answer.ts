import { join } from 'node:path';
import { isAppError } from '../../errors/index.ts';
import { readTextIfExists, touchFile, writeAtomically } from '../../io/index.ts';
import { sha256 } from '../../schema/index.ts';
import type { RepodataRecord } from './repodata-record.ts';

/** Another one whenever the solver is asked in another way, or other records are believed. */
const format = 1;

/** All that decides what is chosen, but for the channels' content. */
export interface Question {
  solver: string;
  platform: string;
  specs: readonly string[];
  channels: readonly { url: string; subdirs: readonly string[] | undefined }[];
  only: ReadonlyMap<string, ReadonlySet<string>>;
  virtualPackages: Readonly<Record<string, { version: string; build: string }>>;
  /** Addresses. */
  locked: readonly string[];
}

/** What was chosen, of which content. Solving is a function of these: nobody has to do it again. */
export interface KeptAnswer {
  /** Address of a channel's folder → which content it had. A folder that was not there is missing. */
  contents: Readonly<Record<string, string>>;
  /** With the channel by position. */
  chosen: readonly { channel: number; record: RepodataRecord }[];
}

/** The place of the last answer to a question. */
export function answerPath(storeRoot: string, question: Question): string {
  const { solver, platform, specs, channels, only, virtualPackages, locked } = question;
  const key = sha256(
    JSON.stringify([
      format,
      solver,
      platform,
      specs,
      channels.map(({ url, subdirs = null }) => [url, subdirs]),
      [...only].map(([name, urls]) => [name, [...urls].sort()]),
      Object.entries(virtualPackages)
        .map(([name, { version, build }]) => `${name}=${version}=${build}`)
        .sort(),
      [...locked].sort(),
    ]),
  );
  return join(storeRoot, 'answers', key);
}

/** Undefined if there is none, or if it is damaged. It counts as used now. */
export async function readKeptAnswer(path: string): Promise<KeptAnswer | undefined> {
  const text = await readTextIfExists(path).catch(() => undefined);
  if (text === undefined) return undefined;
  const body = text.slice(65);
  // Our own file, sealed by its digest: no schema has to look at it again.
  if (text.slice(0, 64) !== sha256(body)) return undefined;
  await touchFile(path);
  return JSON.parse(body) as KeptAnswer;
}

/** Whoever cannot write it solves again the next time. */
export async function keepAnswer(path: string, answer: KeptAnswer): Promise<void> {
  const body = JSON.stringify(answer);
  try {
    await writeAtomically(path, `${sha256(body)}\n${body}`);
  } catch (error) {
    if (!isAppError(error)) throw error;
  }
}
