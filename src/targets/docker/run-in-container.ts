import { posix } from 'node:path';
import { type Engine, type Mount, perform } from '../../engines/index.ts';
import { AppError } from '../../errors/index.ts';
import { type LocalRunRequest, type LocalRunResult, runLocally } from '../local/index.ts';
import { splitVariables } from './container-variables.ts';

export interface ContainerRunRequest
  extends Pick<
    LocalRunRequest,
    'executed' | 'cwd' | 'timeout' | 'openLog' | 'signal' | 'onOutput' | 'onStarted' | 'stdin'
  > {
  engine: Engine;
  /** As the engine knows it. */
  image: string;
  runId: string;
  /** The caller's variables, for the engine's client; nothing of them reaches the container. */
  callerEnv: Readonly<Record<string, string | undefined>>;
  /** What the container gets besides the image's own. */
  variables: Readonly<Record<string, string>>;
  /** Folders and files, at the same paths inside. */
  mounts: readonly Omit<Mount, 'target'>[];
  /** Whose the files will be. */
  user?: { uid: number; gid: number };
  /** A conda prefix in the image, whose packages' activation scripts are sourced before the command. */
  condaPrefix?: string;
  gpus?: string;
  shmSize?: string;
  network?: string;
  /** Further words for the engine, as the user wrote them. */
  extra?: readonly string[];
}

/** A home for a user whom the image may not know. */
const home = '/tmp';

/** What must stay the image's: a mount there would hide it. */
const image = new Set([
  '/',
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/lib64',
  '/opt',
  '/proc',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
  '/var',
]);

const containerName = (runId: string): string => `terroir-${runId}`;

/**
 * Runs a command in a container to its end. A non-zero exit is a result, not an error; the engine's own failures are (125 with what it said).
 * @throws AppError USAGE for a folder that would hide the image's own; and what `runLocally` throws.
 */
export async function runInContainer(request: ContainerRunRequest): Promise<LocalRunResult> {
  const { engine, runId, user } = request;
  const { containers } = engine;
  if (containers === undefined) throw new Error(`${engine.name} runs no containers`);
  const variables = user === undefined ? request.variables : { HOME: home, ...request.variables };
  const { clientEnv, words } = splitVariables(request.callerEnv, variables);
  const name = containerName(runId);
  const { command, args } = containers.run({
    image: request.image,
    name,
    words: activated(request.condaPrefix, commandWords(request.executed)),
    mounts: withoutInner(request.mounts).map((mount) => ({ ...mount, target: mount.source })),
    variables: words,
    workingFolder: request.cwd,
    user: user === undefined ? undefined : `${user.uid}:${user.gid}`,
    labels: { 'dev.terroir.run': runId },
    gpus: request.gpus,
    shmSize: request.shmSize,
    network: request.network,
    extra: request.extra ?? [],
  });
  const complaint = createComplaint(engine.name);
  try {
    const result = await runLocally({
      executed: [command, ...args],
      cwd: request.cwd,
      env: clientEnv,
      timeout: request.timeout,
      openLog: request.openLog,
      signal: request.signal,
      onOutput: async (stream, chunk) => {
        complaint.hear(chunk);
        await request.onOutput?.(stream, chunk);
      },
      onStarted: request.onStarted,
      stdin: request.stdin,
    });
    complaint.raise(result.exitCode);
    return { ...result, executed: commandWords(request.executed) };
  } finally {
    // There is none after a good end; after a client that was killed there is.
    await perform(containers.end(name), { env: clientEnv, timeout: 30_000 }).catch(() => undefined);
  }
}

/**
 * With these codes engines say that they could not start the container, or the command in it; a script may end with them too, so what was said
 * decides.
 */
const startFailures = new Set([125, 126, 127]);

/** The engine's own, and that of the init which it puts before the command. */
const complaints =
  /^(?:(?:docker: )?Error(?: response from daemon)?: |\[FATAL tini [^\]]*\] |ERROR \(catatonit[^)]*\): )(.*)/m;

function createComplaint(engine: string) {
  let tail = '';
  return {
    hear: (chunk: Uint8Array): void => {
      tail = (tail + Buffer.from(chunk).toString('utf8')).slice(-4096);
    },
    /** @throws AppError ENGINE_FAILED, COMMAND_NOT_FOUND. */
    raise: (exitCode: number | null): void => {
      const said = complaints.exec(tail)?.[1]?.trim();
      if (exitCode === null || !startFailures.has(exitCode) || said === undefined) return;
      if (exitCode === 127)
        throw new AppError('COMMAND_NOT_FOUND', `the image does not have the command: ${said}`, {
          hint: 'Name a program that is in the image; `terroir env image` shows what is in it.',
        });
      throw new AppError('ENGINE_FAILED', `${engine} could not start the container: ${said}`, {
        hint: hintFor(engine, said),
      });
    },
  };
}

function hintFor(engine: string, said: string): string {
  if (said.includes('container-init'))
    return 'Install the init that it wants (on Debian: `apt-get install catatonit`).';
  if (said.includes('rlimit'))
    return `${engine} may not raise limits here: run as another user, or use another engine.`;
  if (said.includes('capabilities: [[gpu]]') || said.includes('nvidia.com/gpu'))
    return `${engine} knows no GPU here: install NVIDIA's driver and its container toolkit, or leave out --gpus.`;
  return `Try the same by hand: \`${engine} run --rm IMAGE true\`.`;
}

/** A command text runs in bash, or in sh where the image has no bash. */
function commandWords(executed: LocalRunRequest['executed']): [string, ...string[]] {
  if ('shell' in executed) {
    const choose = 'command -v bash >/dev/null 2>&1 && exec bash -c "$1"; exec sh -c "$1"';
    return ['/bin/sh', '-c', choose, 'sh', executed.shell];
  }
  const [word, ...args] = executed;
  if (word === undefined) throw new Error('there is no command to run');
  return [word, ...args];
}

function activated(condaPrefix: string | undefined, words: [string, ...string[]]): [string, ...string[]] {
  if (condaPrefix === undefined) return words;
  const source =
    'for each in "$0"/etc/conda/activate.d/*.sh; do if [ -r "$each" ]; then . "$each"; fi; done; exec "$@"';
  return ['/bin/sh', '-c', source, condaPrefix, ...words];
}

/** A mount below another one that is as writable says nothing new. */
function withoutInner(mounts: ContainerRunRequest['mounts']): Omit<Mount, 'target'>[] {
  const unique = [...new Map(mounts.map((mount) => [mount.source, mount])).values()];
  for (const { source } of unique) {
    if (!image.has(source)) continue;
    throw new AppError(
      'USAGE',
      `the folder \`${source}\` cannot be given to a container: the image has its own there`,
      {
        hint: 'Run it in a folder of its own.',
      },
    );
  }
  return unique.filter(
    ({ source, readOnly }) =>
      !unique.some(
        (other) =>
          other.source !== source &&
          other.readOnly === readOnly &&
          !posix.relative(other.source, source).startsWith('..'),
      ),
  );
}
