import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { type Http, runProcess } from '../../io/index.ts';
import type { BuildRequest } from '../../resolve/index.ts';
import { expandVariables } from '../variables.ts';

export interface SourceTools {
  http: Http;
  env: Record<string, string | undefined>;
  /** Runs Python code that takes an archive apart. */
  python: string | undefined;
  signal?: AbortSignal;
}

/** Brings a source into `folder`; the path to build. @throws AppError BUILD_FAILED, and those of downloads. */
export async function layOutSource(
  { source, subdirectory, name }: BuildRequest,
  folder: string,
  tools: SourceTools,
): Promise<string> {
  if (source.kind === 'folder') return source.path;
  if (source.kind === 'git') {
    const checkout = join(folder, 'source');
    await checkOut(expandVariables(source.url, tools.env), source.commit, checkout, { name, ...tools });
    return subdirectory === undefined ? checkout : join(checkout, subdirectory);
  }
  const file = join(folder, source.filename);
  if (source.path === undefined) {
    await tools.http.download(expandVariables(source.url ?? '', tools.env), file, {
      sha256: source.sha256,
      signal: tools.signal,
    });
  } else await copyFile(source.path, file);
  return subdirectory === undefined ? file : join(await takeApart(file, join(folder, 'source'), tools), subdirectory);
}

async function checkOut(
  url: string,
  commit: string,
  folder: string,
  { name, env, signal }: SourceTools & { name: string },
): Promise<void> {
  const git = async (...args: string[]): Promise<string | undefined> => {
    const { exitCode, stderr } = await runProcess('git', args, { env: { ...env, GIT_TERMINAL_PROMPT: '0' }, signal });
    return exitCode === 0 ? undefined : (stderr.trim().split('\n').at(-1) ?? '');
  };
  const there = async (...args: string[]): Promise<string | undefined> => await git('-C', folder, ...args);
  let failure = await git('clone', '--quiet', '--no-checkout', url, folder);
  if (failure === undefined && (await there('checkout', '--quiet', commit)) !== undefined) {
    // A commit that no branch has, as those of pull requests.
    failure = (await there('fetch', '--quiet', 'origin', commit)) ?? (await there('checkout', '--quiet', commit));
  }
  failure ??= await there('submodule', '--quiet', 'update', '--init', '--recursive');
  if (failure !== undefined) {
    throw new AppError('BUILD_FAILED', `the source of \`${name}\` cannot be fetched: ${failure}`, {
      hint: 'Check the address, and whether you may read it.',
    });
  }
}

/** Python reads every kind of archive, and it is there where something is built. */
const unpack = `
import os, shutil, sys
archive, folder = sys.argv[1:]
shutil.unpack_archive(archive, folder, **({} if archive.endswith(".zip") or sys.version_info < (3, 12) else {"filter": "data"}))
names = os.listdir(folder)
print(os.path.join(folder, names[0]) if len(names) == 1 else folder)
`;

async function takeApart(file: string, folder: string, { python, env, signal }: SourceTools): Promise<string> {
  const { exitCode, stdout, stderr } = await runProcess(python ?? 'python3', ['-I', '-c', unpack, file, folder], {
    env,
    signal,
  });
  if (exitCode === 0) return stdout.trim();
  throw new AppError('BUILD_FAILED', `the archive cannot be unpacked: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}
