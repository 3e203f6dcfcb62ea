import { findSharingFolder, type SharedEnvironment, shareEnvironment, shareWithFolder } from '../../app/index.ts';
import { isServerUrl } from '../../client/index.ts';
import type { Command, CommandContext } from '../command.ts';

export const command: Command = {
  name: 'env share',
  summary: 'Copy a version with its locks and image to a workspace or registry',
  description: [
    'Copies a version to another workspace, with the files of its definition, its locks, the wheels that were built for it, and its newest image. What is',
    'there already is not moved again; on the same file system nothing is copied at all. With a registry, image and locks go there, and whoever has the',
    'definition, and the registry as its `global_registry`, takes them instead of building.',
    '',
    'The target may be a server (with your token there in TERROIR_SHARE_TOKEN), and so may be the workspace: what the target lacks goes through this machine.',
  ].join('\n'),
  arguments: [
    { name: '<reference>', description: 'name, name:version or name@latest' },
    {
      name: '<target>',
      description: 'The folder of a workspace (or of a project that has one), a server, or a registry',
    },
  ],
  examples: [
    { command: 'terroir env share iris:3 ../other-project', does: 'to another workspace' },
    { command: 'terroir env share iris https://terroir.example.org', does: 'to the workspace of a server' },
    { command: 'terroir env share iris registry.example/team', does: 'to everybody who looks there' },
  ],
  run: async (context, { arguments: [reference = '', target = ''] }) => {
    const shared = isServerUrl(target)
      ? await shareWithServer(context, reference, target)
      : await context.on({
          folder: (app) => shareEnvironment(app, reference, target),
          server: async (server) => {
            const folder = await findSharingFolder(context, target);
            if (folder === undefined) return await server.shareEnvironment(reference, target);
            return await shareWithFolder(await context.machine(), await server.readShareable(reference), folder);
          },
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

async function shareWithServer(context: CommandContext, reference: string, url: string): Promise<SharedEnvironment> {
  const { readShareable } = await import('../../client/index.ts');
  const shareable = await context.on({
    folder: (app) => readShareable(app, reference),
    server: (server) => server.readShareable(reference),
  });
  return await (await context.other(url)).takeShareable(await context.machine(), shareable);
}
