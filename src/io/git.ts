import { stripUserInfo } from '../errors/index.ts';
import type { GitState } from '../schema/index.ts';
import { runProcess } from './process.ts';

/** The state of the repository that a folder is in; undefined outside of one, without a commit, and without git. */
export async function gitState(folder: string, env: Record<string, string | undefined>): Promise<GitState | undefined> {
  const git = async (...args: string[]): Promise<string | undefined> => {
    try {
      const { exitCode, stdout } = await runProcess('git', ['-C', folder, ...args], {
        env: { ...env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
        timeout: 10_000,
      });
      return exitCode === 0 ? stdout.trim() : undefined;
    } catch {
      return undefined;
    }
  };
  const [status, remotes] = await Promise.all([
    git('status', '--porcelain=v2', '--branch', '--untracked-files=normal'),
    git('config', '--get-regexp', '^remote\\..*\\.url$'),
  ]);
  const commit = /^# branch\.oid ([0-9a-f]{40,})$/m.exec(status ?? '')?.[1];
  if (status === undefined || commit === undefined) return undefined;
  const branch = /^# branch\.head (.+)$/m.exec(status)?.[1];
  const urls = (remotes ?? '')
    .split('\n')
    .map((line) => /^remote\.(.+)\.url (.+)$/.exec(line))
    .filter((match) => match !== null);
  const url = (urls.find((match) => match[1] === 'origin') ?? urls[0])?.[2];
  return {
    remote: url === undefined ? undefined : stripUserInfo(url),
    branch: branch === '(detached)' ? undefined : branch,
    commit,
    dirty: status.split('\n').some((line) => line !== '' && !line.startsWith('#')),
  };
}
