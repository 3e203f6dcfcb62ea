import { showRun } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { recordText } from '../run-text.ts';

export const command: Command = {
  name: 'runs show',
  summary: 'Show the record of a run',
  description:
    'Shows everything that is known of a run: environment, lock digest, command, snapshot, git state, variables, inputs, outputs, machine, resources.',
  arguments: [{ name: '<run>', description: 'Its id, or the beginning of it' }],
  examples: [{ command: 'terroir runs show RUN --json', does: 'the record, for programs' }],
  run: async (context, { arguments: [id = ''] }) => {
    const record = await context.on({
      folder: (app) => showRun(app, id),
      server: (server) => server.showRun(id),
    });
    return { data: record, text: recordText(record, context.style) };
  },
};
