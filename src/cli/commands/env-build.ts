import { buildImages } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { imageText } from '../image-text.ts';

export const command: Command = {
  name: 'env build',
  summary: 'Compose the image, or take it from a cache',
  description: [
    'Composes an OCI image of the locked packages on the base image: no Docker daemon, no root, the same digest wherever it is built. Only Docker',
    'steps that execute something, and build contexts, need an engine (Docker, Podman or Buildah).',
    '',
    'An image that the workspace’s registry or the global one has is taken from there. --rebuild resolves the packages anew, looks at the base image',
    'anew and makes a new revision; the earlier ones stay. Packages without a pin may move then.',
  ].join('\n'),
  arguments: [{ name: '<reference>', description: 'name, name:version, name@latest, or a file' }],
  options: [
    { flags: '--rebuild', description: 'Lock anew and build a new revision' },
    {
      flags: '--platform <platform>',
      description: 'linux-64 or linux-aarch64; may be given several times (the definition’s, else this machine’s)',
      repeatable: true,
    },
    {
      flags: '--push <registry>',
      description: 'Also push it there: `registry.example/team`, or with a name of your own',
    },
    {
      flags: '--output <place>',
      description: 'Also write it: `oci:FOLDER`, `oci-archive:FILE` or `docker-archive:FILE`',
      repeatable: true,
    },
    { flags: '--engine <name>', description: 'Which engine executes steps', choices: ['docker', 'podman', 'buildah'] },
  ],
  examples: [
    { command: 'terroir env build iris', does: 'an image in the workspace’s registry' },
    { command: 'terroir env build iris --push registry.example/team', does: 'and in yours' },
    {
      command: 'terroir env build iris --output docker-archive:iris.tar && docker load -i iris.tar',
      does: 'for Docker',
    },
    { command: 'terroir env build iris --rebuild', does: 'newer packages, a newer base' },
  ],
  run: async (context, { arguments: [reference = ''], options }) => {
    const request = {
      rebuild: options.flag('rebuild'),
      platforms: options.list('platform'),
      push: options.text('push'),
      outputs: options.list('output'),
      engine: options.text('engine'),
    };
    const images = await context.on({
      folder: (app) => buildImages(app, reference, request),
      server: async (server) => await server.buildImages(reference, request, await context.machine()),
    });
    const [only] = images;
    return {
      data: images.length === 1 ? only : { items: images, next: null },
      text: images.map((image) => imageText(image, context.style)).join('\n\n'),
    };
  },
};
