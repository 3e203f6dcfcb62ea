import { AppError, isAppError } from '../errors/index.ts';
import { runProcess } from '../io/index.ts';
import { createBuildah } from './buildah.ts';
import { createDocker } from './docker.ts';
import { type Engine, type EngineName, engineNames } from './engine.ts';
import { createPodman } from './podman.ts';

/** What became of looking for an engine. */
export type EngineState =
  | { name: EngineName; engine: Engine }
  /** It is not there, or it does not answer. */
  | { name: EngineName; engine: undefined; installed: boolean; reason: string };

interface Search {
  env: Record<string, string | undefined>;
  signal?: AbortSignal;
}

/** So long may an engine take to say that it is there. */
const patience = 20_000;

/** Every engine that Terroir can use, in the order in which it would. */
export async function findEngines(search: Search): Promise<EngineState[]> {
  return await Promise.all(engineNames.map(async (name) => await look(name, search)));
}

/**
 * The first engine that works, or the one that is named.
 * @throws AppError ENGINE_NOT_FOUND saying what needs it and what was found.
 */
export async function chooseEngine(
  search: Search,
  { what, named, containers = false }: { what: string; named?: string; containers?: boolean },
): Promise<Engine> {
  const states = await findEngines(search);
  const engines = states.flatMap(({ engine }) => (engine === undefined ? [] : [engine]));
  const found = engines.find(
    (engine) => (named === undefined || engine.name === named) && (!containers || engine.containers !== undefined),
  );
  if (found !== undefined) return found;
  const wanted = named ?? (containers ? 'Docker or Podman' : 'Docker, Podman or Buildah');
  const reasons = states.flatMap((state) => (state.engine === undefined ? [`${state.name}: ${state.reason}`] : []));
  throw new AppError('ENGINE_NOT_FOUND', `${what} needs ${wanted}, and there is none that works here`, {
    hint: `${reasons.join('; ')}. Install one (on Debian: \`apt-get install buildah\`), or start its service.`,
  });
}

async function look(name: EngineName, search: Search): Promise<EngineState> {
  const probe = probes[name];
  try {
    const { exitCode, stdout, stderr } = await runProcess(name, probe.args, { ...search, timeout: patience });
    if (exitCode === 0) return { name, engine: probe.read(stdout.trim()) };
    const [reason = 'it does not answer'] = stderr.trim().split('\n').slice(-1);
    return { name, engine: undefined, installed: true, reason };
  } catch (error) {
    if (isAppError(error, 'CANCELED')) throw error;
    const installed = !isAppError(error, 'TOOL_NOT_FOUND');
    const reason = isAppError(error, 'TIMEOUT') ? 'it does not answer' : installed ? String(error) : 'not installed';
    return { name, engine: undefined, installed, reason };
  }
}

const probes: Record<EngineName, { args: string[]; read(text: string): Engine }> = {
  // The server's version: the client alone can do nothing.
  docker: { args: ['version', '--format', '{{.Server.Version}}'], read: createDocker },
  podman: {
    args: ['info', '--format', '{{.Version.Version}} {{.Host.Security.Rootless}}'],
    read: (text) => {
      const [version = '', rootless] = text.split(' ');
      return createPodman(version, rootless === 'true');
    },
  },
  buildah: {
    args: ['--version'],
    read: (text) => createBuildah(/\d+(?:\.\d+)+/.exec(text)?.[0] ?? text),
  },
};
