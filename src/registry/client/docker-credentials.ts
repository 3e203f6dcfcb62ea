import { join } from 'node:path';
import * as z from 'zod';
import { AppError, isAppError } from '../../errors/index.ts';
import { readTextIfExists, runProcess } from '../../io/index.ts';

/** What is known about somebody at a registry. */
export type Credentials =
  | { kind: 'password'; user: string; password: string }
  /** What a token server takes instead of a password. */
  | { kind: 'identity-token'; token: string }
  /** What the registry itself takes. */
  | { kind: 'registry-token'; token: string };

export interface FoundCredentials {
  credentials: Credentials | undefined;
  /** Why there are none although the configuration names a place, for whoever is refused. */
  problem?: string;
}

/** The credentials for a repository. */
export type FindCredentials = (registry: string, repository: string) => Promise<FoundCredentials>;

const Entry = z.looseObject({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
const Config = z.looseObject({
  auths: z.record(z.string(), Entry).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().nullish(),
});
type Config = z.infer<typeof Config>;

const helperName = /^[A-Za-z0-9._-]+$/;

/**
 * Credentials as `docker login` and `podman login` leave them: Docker's config.json (DOCKER_CONFIG), the containers tools' auth.json
 * (REGISTRY_AUTH_FILE first, as they do), and the helpers that these name (`docker-credential-…` on PATH).
 */
export function createDockerCredentials({
  env,
  home,
}: {
  env: Record<string, string | undefined>;
  home: string;
}): FindCredentials {
  let configs: Promise<Config[]> | undefined;
  const found = new Map<string, Promise<FoundCredentials>>();

  const find = async (registry: string, repository: string): Promise<FoundCredentials> => {
    configs ??= Promise.all(configFiles(env, home).map(readConfig));
    const problems: string[] = [];
    for (const config of await configs) {
      const { credentials, problem } = await lookUp(config, { registry, repository, env });
      if (credentials !== undefined) return { credentials };
      if (problem !== undefined) problems.push(problem);
    }
    return { credentials: undefined, problem: problems[0] };
  };

  return async (registry, repository) => {
    const key = `${registry}/${repository}`;
    const known = found.get(key) ?? find(registry, repository);
    found.set(key, known);
    return await known;
  };
}

function configFiles(env: Record<string, string | undefined>, home: string): string[] {
  const docker = join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json');
  if (env.REGISTRY_AUTH_FILE) return [env.REGISTRY_AUTH_FILE, docker];
  const runtime = env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'containers', 'auth.json')] : [];
  return [docker, ...runtime, join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json')];
}

async function readConfig(path: string): Promise<Config> {
  const text = await readTextIfExists(path);
  if (text === undefined || text.trim() === '') return {};
  try {
    return Config.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError('UNSUPPORTED_FORMAT', `the credentials in \`${path}\` cannot be read: it is no such file`, {
      hint: 'Repair it, or remove it and log in again.',
      cause: error instanceof SyntaxError ? undefined : error,
    });
  }
}

interface Wanted {
  registry: string;
  repository: string;
  env: Record<string, string | undefined>;
}

async function lookUp(config: Config, wanted: Wanted): Promise<FoundCredentials> {
  const names = namesOf(wanted);
  const helper = names.map((name) => config.credHelpers?.[name]).find((each) => each);
  if (helper !== undefined) return await askHelper(helper, names, wanted.env);
  const entry = names.map((name) => config.auths?.[name]).find((each) => each !== undefined);
  const credentials = entry === undefined ? undefined : fromEntry(entry);
  if (credentials !== undefined) return { credentials };
  return config.credsStore ? await askHelper(config.credsStore, names, wanted.env) : { credentials: undefined };
}

/** Under what a registry may stand in a configuration: the closest first. */
function namesOf({ registry, repository }: Wanted): string[] {
  const parts = repository.split('/');
  const paths = parts.map((_, index) => `${registry}/${parts.slice(0, parts.length - index).join('/')}`);
  const docker = ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io'];
  const hosts = registry === 'docker.io' ? docker : [registry, `https://${registry}`, `http://${registry}`];
  return [...paths, ...hosts, ...hosts.slice(0, 2).flatMap((host) => [`${host}/`, `${host}/v1/`, `${host}/v2/`])];
}

function fromEntry(entry: z.infer<typeof Entry>): Credentials | undefined {
  if (entry.identitytoken) return { kind: 'identity-token', token: entry.identitytoken };
  if (entry.registrytoken) return { kind: 'registry-token', token: entry.registrytoken };
  if (entry.username && entry.password) return { kind: 'password', user: entry.username, password: entry.password };
  const pair = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .replaceAll('\0', '');
  const colon = pair.indexOf(':');
  if (colon <= 0) return undefined;
  return { kind: 'password', user: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

const HelperAnswer = z.looseObject({ Username: z.string(), Secret: z.string() });

/** A helper gets the server's name on its standard input, and prints what it has (docker/docker-credential-helpers). */
async function askHelper(helper: string, names: readonly string[], env: Wanted['env']): Promise<FoundCredentials> {
  const program = `docker-credential-${helper}`;
  if (!helperName.test(helper))
    return { credentials: undefined, problem: `\`${helper}\` is no name of a credential helper` };
  const hosts = names.filter((name) => !name.includes('/') || name.startsWith('https://index.'));
  for (const host of hosts.slice(0, 2)) {
    try {
      const { exitCode, stdout } = await runProcess(program, ['get'], { env, input: host, timeout: 60_000 });
      if (exitCode !== 0) continue;
      const { Username: user, Secret: secret } = HelperAnswer.parse(JSON.parse(stdout));
      if (secret === '') continue;
      if (user === '<token>') return { credentials: { kind: 'identity-token', token: secret } };
      return { credentials: { kind: 'password', user, password: secret } };
    } catch (error) {
      if (isAppError(error, 'CANCELED')) throw error;
      const why = isAppError(error) ? error.message : 'it printed what is no answer';
      return { credentials: undefined, problem: `\`${program}\` did not help: ${why}` };
    }
  }
  return { credentials: undefined };
}
