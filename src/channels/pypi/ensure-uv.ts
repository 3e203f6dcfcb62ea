import { chmod, copyFile, rename } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import {
  createTemporaryFolder,
  currentPlatform,
  ensureFolder,
  executableState,
  type Http,
  libcVersion,
  pathExists,
  removeTree,
  runProcess,
  withFileLock,
  writeAtomically,
} from '../../io/index.ts';
import { type Emit, step } from '../../report/index.ts';
import { compareVersions, parseVersion } from '../../requirements/index.ts';
import { type FilePlaces, findFiles } from './find-file.ts';
import { uvVersion, uvWheels } from './uv-wheels.ts';

const manual = 'Install uv (`pip install uv`), or name one in TERROIR_UV.';

/** Older ones do not take the pre-releases that pip takes, and say why something failed in other words. TERROIR_UV takes any. */
const oldestUv = '0.13.0';

export interface Uv {
  path: string;
  version: string;
  /** Where it came from. */
  origin: 'TERROIR_UV' | 'PATH' | 'store' | 'index';
}

export interface UvSearch {
  env: Record<string, string | undefined>;
  storeRoot: string;
  http: Http;
  places: FilePlaces;
  offline: boolean;
  /** Interpreters whose pip may be asked, the preferred one first. */
  pythons: () => Promise<string[]>;
  emit: Emit;
  signal?: AbortSignal;
  /** Takes a wheel's files out of it. */
  unpack: (wheel: { archive: string; sha256: string; filename: string }) => Promise<{ folder: string }>;
  /** Only look, bring nothing. */
  lookOnly?: boolean;
}

/**
 * The uv to use: the one that TERROIR_UV names, one on PATH that is new enough, one brought earlier, or a pinned one from the user's own index.
 * @throws AppError TOOL_NOT_FOUND with what to do.
 */
export async function ensureUv(search: UvSearch): Promise<Uv> {
  const { env, storeRoot } = search;
  const named = env.TERROIR_UV;
  if (named) {
    const version = await versionOf(named, env);
    if (version === undefined)
      throw new AppError('TOOL_NOT_FOUND', `TERROIR_UV names \`${named}\`, and that is no uv that runs`, {
        hint: 'Correct the path, or unset the variable.',
      });
    return { path: named, version, origin: 'TERROIR_UV' };
  }
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'uv');
    if (folder === '' || (await executableState(path)) !== 'executable') continue;
    const version = await versionOf(path, env);
    if (version !== undefined && isNewEnough(version)) return { path, version, origin: 'PATH' };
  }
  const kept = join(storeRoot, 'tools', `uv-${uvVersion}`, 'uv');
  if (await pathExists(kept)) return { path: kept, version: uvVersion, origin: 'store' };
  if (search.lookOnly === true)
    throw new AppError('TOOL_NOT_FOUND', 'uv is not on this machine yet', {
      hint: `It is brought from your index (${uvVersion}) when something is resolved.`,
    });
  return await withFileLock(join(storeRoot, 'locks', `uv-${uvVersion}`), async () => {
    if (await pathExists(kept)) return { path: kept, version: uvVersion, origin: 'store' as const };
    await step(search.emit, `Fetching uv ${uvVersion}`, async () => await bring(search, kept));
    return { path: kept, version: uvVersion, origin: 'index' as const };
  });
}

async function bring(search: UvSearch, target: string): Promise<void> {
  const { storeRoot, unpack } = search;
  const wheel = wheelForThisMachine();
  if (wheel === undefined) throw new AppError('TOOL_NOT_FOUND', 'there is no uv for this machine', { hint: manual });
  const temporary = await createTemporaryFolder(join(storeRoot, 'tmp'), 'uv-');
  try {
    const archive = join(temporary, wheel.filename);
    await download(search, wheel, archive);
    const { folder } = await unpack({ archive, ...wheel });
    const made = join(temporary, 'uv');
    await copyFile(join(folder, `uv-${uvVersion}.data`, 'scripts', 'uv'), made);
    await chmod(made, 0o755);
    await ensureFolder(join(target, '..'));
    await rename(made, target);
  } finally {
    await removeTree(temporary);
  }
}

type UvWheel = (typeof uvWheels)[number];

/** From the configured indexes; where none has it, through pip, which knows its own default. */
async function download(search: UvSearch, wheel: UvWheel, archive: string): Promise<void> {
  const { http, places, signal } = search;
  const failures: AppError[] = [];
  for await (const { url } of findFiles(http, places, 'uv', wheel.filename, failures)) {
    await http.download(url, archive, { sha256: wheel.sha256, signal });
    return;
  }
  await downloadWithPip(search, wheel, archive, failures[0]);
}

async function downloadWithPip(
  { env, pythons, offline, signal }: UvSearch,
  wheel: UvWheel,
  archive: string,
  failure?: AppError,
): Promise<void> {
  if (offline)
    throw new AppError('OFFLINE', 'uv is needed to resolve requirements, and offline mode is on', {
      hint: `Run it once without --offline, or: ${manual}`,
    });
  const folder = join(archive, '..');
  const requirements = join(folder, 'uv.txt');
  await writeAtomically(requirements, `uv==${uvVersion} --hash=sha256:${wheel.sha256}\n`);
  const args = [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary',
    ':all:',
    '--require-hashes',
    '--disable-pip-version-check',
    '-q',
    '-d',
    folder,
    '-r',
    requirements,
  ];
  let said = '';
  for (const python of await pythons()) {
    const { exitCode, stderr } = await runProcess(python, args, { env, signal });
    if (exitCode === 0 && (await pathExists(archive))) return;
    said = stderr.trim().split('\n').at(-1) ?? said;
  }
  const why = failure?.message ?? said;
  throw new AppError(
    'TOOL_NOT_FOUND',
    `uv is needed to resolve requirements, and it could not be fetched${why === '' ? '' : `: ${why}`}`,
    {
      cause: failure,
      hint: `Name your index in pip’s configuration (\`index-url\`, or PIP_INDEX_URL), or: ${manual}`,
    },
  );
}

function wheelForThisMachine(): (typeof uvWheels)[number] | undefined {
  const platform = currentPlatform();
  const isMusl = platform?.startsWith('linux') === true && libcVersion() === undefined;
  return uvWheels.find((wheel) => wheel.platform === platform && wheel.musl === isMusl);
}

async function versionOf(path: string, env: Record<string, string | undefined>): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await runProcess(path, ['--version'], { env, timeout: 10_000 });
    return exitCode === 0 ? /^uv (\S+)/.exec(stdout)?.[1] : undefined;
  } catch {
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const [found, wanted] = [parseVersion(version), parseVersion(oldestUv)];
  return found !== undefined && wanted !== undefined && compareVersions(found, wanted) >= 0;
}
