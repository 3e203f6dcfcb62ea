import { deleteVersion } from '../../app/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'env delete',
  summary: 'Delete a version that nothing used',
  description: [
    'Deletes a version that no run and no model used: a mistake. What was used is part of the record and can only be archived.',
    'With --purge an administrator removes the content of any version; a tombstone with its digest stays.',
  ].join('\n'),
  arguments: [{ name: '<reference>', description: 'name:version' }],
  options: [{ flags: '--purge', description: 'Remove the content although it was used; a tombstone stays' }],
  examples: [{ command: 'terroir env delete iris:4', does: 'one version' }],
  run: async (context, { arguments: [reference = ''], options }) => {
    const purge = options.flag('purge');
    const deleted = await context.on({
      folder: (app) => deleteVersion(app, reference, { purge }),
      server: (server) => server.deleteVersion(reference, { purge }),
    });
    return { data: deleted, text: `${context.style.green('deleted')} ${deleted.name}:${deleted.version}` };
  },
};
