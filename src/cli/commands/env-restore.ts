import { restoreEnvironment } from '../../app/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'env restore',
  summary: 'Bring an archived one back',
  description:
    'Brings an archived version, or with a name alone the environment with all its versions, back into the lists.',
  arguments: [{ name: '<reference>', description: 'name for the whole environment, name:version for one version' }],
  examples: [
    { command: 'terroir env restore iris:3', does: 'one version' },
    { command: 'terroir env restore iris', does: 'the environment as a whole' },
  ],
  run: async (context, { arguments: [reference = ''] }) => {
    const result = await context.on({
      folder: (app) => restoreEnvironment(app, reference),
      server: (server) => server.restoreEnvironment(reference),
    });
    const subject = result.version === null ? result.name : `${result.name}:${result.version}`;
    return {
      data: result.view ?? { name: result.name, archived: result.archived },
      text: `${context.style.green('restored')} ${subject}`,
    };
  },
};
