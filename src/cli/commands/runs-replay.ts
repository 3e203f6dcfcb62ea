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
  options: [
    {
      flags: '--secret <name>',
      description:
        'On a server: send this variable of yours, too, for it is a secret that the record hides; may be given several times',
      repeatable: true,
    },
  ],
  runsScript: true,
  examples: [{ command: 'terroir runs replay RUN', does: 'a year later' }],
  run: async (context, { arguments: [id = ''], options }) => {
    const onOutput = passOutput(context);
    const outcome = await context.on({
      folder: (app) => replayRun(app, id, { onOutput }),
      server: (server) => server.replayRun(id, { onOutput, secrets: options.list('secret') }),
    });
    return runResult(outcome, context);
  },
};
