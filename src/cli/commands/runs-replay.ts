import { replayRun } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { passOutput } from '../pass-output.ts';
import { runResult } from '../run-text.ts';

export const command: Command = {
  name: 'runs replay',
  summary: 'Repeat a run: same snapshot, same packages',
  description: [
    'Repeats a run with the snapshot, the lock and the inputs of its record, whatever the definition, the index or the code look like today.',
    'Secrets that are on record only as hashes are taken from your environment again. What cannot be the same (an input that changed, another machine) is said.',
  ].join('\n'),
  arguments: [{ name: '<run>', description: 'Its id, or the beginning of it' }],
  runsScript: true,
  examples: [{ command: 'terroir runs replay RUN', does: 'a year later' }],
  run: async (context, { arguments: [id = ''] }) => {
    const onOutput = passOutput(context);
    const outcome = await context.on({
      folder: (app) => replayRun(app, id, { onOutput }),
      server: (server) => server.replayRun(id, { onOutput }),
    });
    return runResult(outcome, context);
  },
};
