import { cancelRun } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { statusText } from '../run-text.ts';

export const command: Command = {
  name: 'runs cancel',
  summary: 'End a run',
  description: 'Asks a run to end: SIGINT, then SIGTERM, then SIGKILL. Returns when it has ended.',
  arguments: [{ name: '<run>', description: 'Its id, or the beginning of it' }],
  examples: [{ command: 'terroir runs cancel RUN', does: 'end it' }],
  run: async (context, { arguments: [id = ''] }) => {
    const record = await context.on({
      folder: (app) => cancelRun(app, id),
      server: (server) => server.cancelRun(id),
    });
    return { data: record, text: `${record.id} ${statusText(record.status, context.style)}` };
  },
};
