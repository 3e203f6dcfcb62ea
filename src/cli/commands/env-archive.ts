import { archiveEnvironment } from '../../app/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'env archive',
  summary: 'Hide an environment or a version from lists',
  description:
    'Hides a version from lists; with a name alone, the environment with all its versions. It can still be used and fetched.',
  arguments: [{ name: '<reference>', description: 'name for the whole environment, name:version for one version' }],
  examples: [
    { command: 'terroir env archive iris:3', does: 'one version' },
    { command: 'terroir env archive iris', does: 'the environment as a whole' },
  ],
  run: async (context, { arguments: [reference = ''] }) => {
    const result = await context.on({
      folder: (app) => archiveEnvironment(app, reference),
      server: (server) => server.archiveEnvironment(reference),
    });
    const subject = result.version === null ? result.name : `${result.name}:${result.version}`;
    return {
      data: result.view ?? { name: result.name, archived: result.archived },
      text: `${context.style.green('archived')} ${subject}`,
    };
  },
};
