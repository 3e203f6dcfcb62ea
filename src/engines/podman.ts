import { containerArguments } from './container-arguments.ts';
import type { Engine } from './engine.ts';
import type { EngineCall } from './engine-call.ts';
import { plainRegistry } from './plain-registry.ts';
import { imageIds, loadedName } from './printed.ts';

const podman = (...args: string[]): EngineCall => ({ command: 'podman', args, parse: () => undefined });

/** `rootless`: it maps users, so that files are the caller's when the container's user has the caller's number. */
export function createPodman(version: string, rootless: boolean): Engine {
  return {
    name: 'podman',
    version,
    build: ({ context, dockerfile, tag, platform, network, fresh }) =>
      podman(
        'build',
        '--isolation',
        'chroot',
        '--format',
        'docker',
        '--file',
        dockerfile,
        '--tag',
        tag,
        ...(platform === undefined ? [] : ['--platform', platform]),
        ...(fresh === true ? ['--no-cache'] : []),
        ...(network === undefined ? [] : ['--network', network]),
        context,
      ),
    pull: (reference) => podman('pull', '--quiet', ...plainRegistry(reference), reference),
    save: (tag, file) => podman('save', '--quiet', '--format', 'oci-archive', '--output', file, tag),
    remove: (tag) => podman('rmi', '--force', tag),
    containers: {
      load: (file) => ({ ...podman('load', '--input', file), parse: loadedName }),
      imageIds: () => ({ ...podman('images', '--all', '--quiet', '--no-trunc'), parse: imageIds }),
      tag: (image, name) => podman('tag', image, name),
      run: (request) => ({
        command: 'podman',
        args: containerArguments(request, {
          user:
            request.user === undefined ? [] : [...(rootless ? ['--userns', 'keep-id'] : []), '--user', request.user],
          gpus: (count) => ['--device', `nvidia.com/gpu=${count}`],
        }),
      }),
      end: (name) => podman('rm', '--force', '--ignore', name),
    },
  };
}
