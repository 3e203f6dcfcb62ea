import { backUp } from '../../app/index.ts';
import { formatCount } from '../../report/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'backup',
  summary: 'Copy the workspace into a file',
  description: [
    'Writes everything of the workspace into one file: environments, locks, runs with their code, logs and outputs, models, tokens, the audit trail, images and',
    'kept archives, settings, and the key of secret values. The workspace may be used meanwhile. Whoever has the file has the workspace: only you may read it.',
  ].join('\n'),
  arguments: [{ name: '<file>', description: 'A file that is not there yet' }],
  examples: [{ command: 'terroir backup team.terroir', does: 'all of it' }],
  run: async (context, { arguments: [file = ''] }) => {
    const view = await backUp(await context.app(), file);
    return {
      data: view,
      text: `wrote ${view.file}: ${formatCount(view.rows, 'row')}, ${formatCount(view.files, 'file')}`,
    };
  },
};
