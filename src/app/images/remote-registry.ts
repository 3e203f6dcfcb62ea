import { AppError } from '../../errors/index.ts';
import type { ImageSink, ImageSource } from '../../image/index.ts';
import { createHttp } from '../../io/index.ts';
import {
  createDockerCredentials,
  createRegistryClient,
  type FindCredentials,
  type RegistryClient,
  type RemoteRepository,
  remoteSink,
  remoteSource,
} from '../../registry/index.ts';
import { parseImage } from '../../schema/index.ts';
import type { App, AppOptions } from '../app.ts';
import { tellWaiting } from '../tell-waiting.ts';

/** A client of registries as this user is known to them: proxies, certificates and log-ins as Docker has them. */
export function createRemoteRegistries({ env, home, offline, emit, servedRegistry }: AppOptions): {
  client: RegistryClient;
  close(): Promise<void>;
} {
  // A server passes on what many clients ask for at the same time.
  const http = createHttp({ env, offline, connections: 128, onWait: tellWaiting(emit) });
  const insecure = insecureRegistries(env);
  if (servedRegistry?.isPlain === true) insecure.push(servedRegistry.host);
  const dockers = createDockerCredentials({ env, home });
  const findCredentials: FindCredentials = async (registry, repository) =>
    registry === servedRegistry?.host && servedRegistry.token !== undefined
      ? { credentials: { kind: 'password', user: 'terroir', password: servedRegistry.token } }
      : await dockers(registry, repository);
  const client = createRegistryClient({ http, findCredentials, insecure });
  return { client, close: async () => await http.close() };
}

/** The hosts of registries without https that the user vouches for. */
export function insecureRegistries(env: AppOptions['env']): string[] {
  return (env.TERROIR_INSECURE_REGISTRIES ?? '').split(',').filter((host) => host !== '');
}

/** A repository by its name: `registry.example/team/base`. */
export async function openRemoteRepository(
  app: App,
  name: string,
): Promise<{ remote: RemoteRepository; source: ImageSource; sink: ImageSink }> {
  const place = placeOf(name);
  const remote = (await app.openRegistries()).repository(place.registry, place.name);
  const findsBlobs = place.registry === app.servedRegistry?.host;
  return { remote, source: remoteSource(remote, place), sink: remoteSink(remote, { ...place, findsBlobs }) };
}

function placeOf(name: string): { registry: string; name: string } {
  const parsed = parseImage(name);
  if (parsed === undefined || parsed.tag !== undefined || parsed.digest !== undefined)
    throw new AppError('USAGE', `\`${name}\` is no repository`, {
      hint: 'Write `registry.example/team` or `registry.example/team/name`; the tags are `latest` and the revision’s number.',
    });
  return { registry: parsed.registry, name: parsed.repository };
}
