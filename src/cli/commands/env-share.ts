import { shareEnvironment } from '../../app/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'env share',
  summary: 'Copy a version with its locks and image to a workspace or registry',
  description: [
    'Copies a version to another workspace, with the files of its definition, its locks, the wheels that were built for it, and its newest image. What is',
    'there already is not moved again; on the same file system nothing is copied at all. With a registry, image and locks go there, and whoever has the',
    'definition, and the registry as its `global_registry`, takes them instead of building.',
  ].join('\n'),
  arguments: [
    { name: '<reference>', description: 'name, name:version or name@latest' },
    { name: '<target>', description: 'The folder of a workspace (or of a project that has one), or a registry' },
  ],
  examples: [
    { command: 'terroir env share iris:3 ../other-project', does: 'to another workspace' },
    { command: 'terroir env share iris registry.example/team', does: 'to everybody who looks there' },
  ],
  run: async (context, { arguments: [reference = '', target = ''] }) => {
    const shared = await context.on({
      folder: (app) => shareEnvironment(app, reference, target),
      server: (server) => server.shareEnvironment(reference, target),
    });
    const { name, version, locks, digest, outcome } = shared;
    const parts = [
      ...(locks.length === 0 ? [] : [`locks for ${locks.map(({ platform }) => platform).join(', ')}`]),
      ...(digest === null ? [] : [`image ${digest}`]),
    ];
    const what = parts.length === 0 ? 'without lock or image: it has none yet' : `with ${parts.join(' and ')}`;
    const verb = outcome === 'unchanged' ? 'was there' : 'shared';
    return { data: shared, text: `${verb}: ${name}:${version} in ${shared.target}, ${what}` };
  },
};
