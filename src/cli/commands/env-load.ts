import { createVersion } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { outcomeLine, versionText } from '../version-text.ts';

export const command: Command = {
  name: 'env load',
  summary: 'Register a version from a v1 folder',
  description: 'Registers what Azure ML’s SDK v1 (`save_to_directory`) or `terroir env save` wrote.',
  arguments: [{ name: '<folder>', description: 'The folder with azureml_environment.json' }],
  options: [{ flags: '-n, --name <name>', description: 'Another name' }],
  examples: [{ command: 'terroir env load ./iris-env', does: 'register it' }],
  run: async (context, { arguments: [folder = ''], options }) => {
    const request = { source: { kind: 'path' as const, path: folder }, name: options.text('name') };
    const result = await context.on({
      folder: (app) => createVersion(app, request),
      server: (server) => server.createVersion(request),
    });
    return {
      data: result.version,
      text: `${outcomeLine(result, context.style)}\n${versionText(result.version, context.style)}`,
    };
  },
};
