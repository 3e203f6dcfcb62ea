import { containerArguments } from './container-arguments.ts';
import type { Engine } from './engine.ts';
import type { EngineCall } from './engine-call.ts';
import { imageIds, loadedName } from './printed.ts';

const docker = (...args: string[]): EngineCall => ({ command: 'docker', args, parse: () => undefined });

export function createDocker(version: string): Engine {
  return {
    name: 'docker',
    version,
    build: ({ context, dockerfile, tag, platform, network, fresh }) =>
      docker(
        'build',
        '--file',
        dockerfile,
        '--tag',
        tag,
        ...(platform === undefined ? [] : ['--platform', platform]),
        ...(fresh === true ? ['--no-cache'] : []),
        ...(network === undefined ? [] : ['--network', network]),
        context,
      ),
    pull: (reference) => docker('pull', '--quiet', reference),
    save: (tag, file) => docker('save', '--output', file, tag),
    remove: (tag) => docker('rmi', tag),
    containers: {
      load: (file) => ({ ...docker('load', '--input', file), parse: loadedName }),
      imageIds: () => ({ ...docker('images', '--all', '--quiet', '--no-trunc'), parse: imageIds }),
      tag: (image, name) => docker('tag', image, name),
      run: (request) => ({
        command: 'docker',
        args: containerArguments(request, {
          user: request.user === undefined ? [] : ['--user', request.user],
          gpus: (count) => ['--gpus', count],
        }),
      }),
      end: (name) => docker('rm', '--force', name),
    },
  };
}
