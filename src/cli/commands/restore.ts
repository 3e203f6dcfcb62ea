import { restore } from '../../app/index.ts';
import { formatCount } from '../../report/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'restore',
  summary: 'Make a workspace of a backup',
  description: [
    'Reads a file that `terroir backup` wrote, and makes a workspace of it. It appears when all was read and found to be whole; a folder with something in it is',
    'left alone.',
  ].join('\n'),
  arguments: [{ name: '<file>', description: 'The backup' }],
  examples: [{ command: 'terroir restore team.terroir --workspace restored', does: 'into a new folder' }],
  run: async (context, { arguments: [file = ''] }) => {
    const view = await restore(await context.app(), file);
    return {
      data: view,
      text: `restored ${view.folder}: ${formatCount(view.rows, 'row')}, ${formatCount(view.files, 'file')} of ${view.createdAt}`,
    };
  },
};
