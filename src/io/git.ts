import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAppError, stripUserInfo } from '../errors/index.ts';
import type { GitState } from '../schema/index.ts';
import { pathExists } from './files.ts';
import { runProcess } from './process.ts';

export interface GitOptions {
  env: Record<string, string | undefined>;
  signal?: AbortSignal;
}

const timeoutMs = 10_000;

/**
 * The state of the repository around a folder; undefined outside of one, before the first commit, without git, and where git takes too long.
 * A file that git does not know makes it dirty, one that is ignored does not.
 */
export async function gitState(folder: string, options: GitOptions): Promise<GitState | undefined> {
  if (!options.env.GIT_DIR && !(await isInRepository(await realpath(folder)))) return undefined;
  // Two questions at once: git's own start is most of the time.
  const [status, config] = await Promise.all([
    git(folder, ['status', '--porcelain=v2', '--branch', '--untracked-files=normal', '-z'], options),
    git(folder, ['config', '-z', '--get-regexp', String.raw`^(remote\..*\.url|branch\..*\.remote)$`], options),
  ]);
  if (status === undefined) return undefined;
  const lines = status.split('\0').filter((line) => line !== '');
  const header = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`# ${name} `))?.slice(name.length + 3);
  const commit = header('branch.oid');
  if (commit === undefined || commit === '(initial)') return undefined;
  const head = header('branch.head');
  const branch = head === '(detached)' ? undefined : head;
  const remote = chooseRemote(config ?? '', branch);
  return {
    ...(remote === undefined ? {} : { remote: stripUserInfo(remote) }),
    ...(branch === undefined ? {} : { branch }),
    commit,
    dirty: lines.some((line) => !line.startsWith('# ')),
  };
}

/** As git looks for it: a folder or a file (of a worktree, a submodule) called `.git`, here or above. */
async function isInRepository(folder: string): Promise<boolean> {
  if (await pathExists(join(folder, '.git'))) return true;
  const above = dirname(folder);
  return above !== folder && (await isInRepository(above));
}

async function git(folder: string, args: readonly string[], { env, signal }: GitOptions): Promise<string | undefined> {
  try {
    const result = await runProcess('git', args, {
      cwd: folder,
      // Looking must not take the lock that somebody who commits needs.
      env: { ...env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
      signal,
      timeout: timeoutMs,
    });
    return result.exitCode === 0 ? result.stdout : undefined;
  } catch (error) {
    if (isAppError(error, 'TOOL_NOT_FOUND') || isAppError(error, 'TIMEOUT') || isAppError(error, 'PERMISSION_DENIED'))
      return undefined;
    throw error;
  }
}

/** The one that the branch follows, else `origin`, else the first. */
function chooseRemote(config: string, branch: string | undefined): string | undefined {
  const values = new Map<string, string>();
  for (const entry of config.split('\0')) {
    const split = entry.indexOf('\n');
    // The first URL of a remote is the one to fetch from.
    if (split > 0 && !values.has(entry.slice(0, split))) values.set(entry.slice(0, split), entry.slice(split + 1));
  }
  const followed = values.get(`branch.${branch ?? ''}.remote`);
  return (
    values.get(`remote.${followed ?? ''}.url`) ??
    values.get('remote.origin.url') ??
    [...values].find(([name]) => name.startsWith('remote.'))?.[1]
  );
}
