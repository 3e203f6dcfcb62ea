import type { Engine } from './engine.ts';
import type { EngineCall } from './engine-call.ts';
import { plainRegistry } from './plain-registry.ts';

const buildah = (...args: string[]): EngineCall => ({ command: 'buildah', args, parse: () => undefined });

/** Builds, and runs no containers. */
export function createBuildah(version: string): Engine {
  return {
    name: 'buildah',
    version,
    build: ({ context, dockerfile, tag, platform, network, fresh }) =>
      buildah(
        'bud',
        '--isolation',
        'chroot',
        '--format',
        'docker',
        '--layers',
        '--file',
        dockerfile,
        '--tag',
        tag,
        ...(platform === undefined ? [] : ['--platform', platform]),
        ...(fresh === true ? ['--no-cache'] : []),
        ...(network === undefined ? [] : ['--network', network]),
        context,
      ),
    pull: (reference) => buildah('pull', '--quiet', '--policy', 'always', ...plainRegistry(reference), reference),
    save: (tag, file) => buildah('push', '--quiet', tag, `oci-archive:${file}`),
    remove: (tag) => buildah('rmi', '--force', tag),
  };
}
