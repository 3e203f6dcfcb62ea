import { readSettings, startWorker } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import type { Command } from '../command.ts';
import { untilEnded } from '../long-running.ts';
import { readWholeNumber } from '../whole-number.ts';

export const command: Command = {
  name: 'worker',
  summary: 'Do the runs and builds that a server takes in, on this machine',
  description: [
    'Takes runs and builds from the workspace’s queue until it is interrupted; then what goes on waits for the next worker. Workers of a workspace share its database',
    '(TERROIR_DATABASE, PostgreSQL) and its registry (TERROIR_REGISTRY); on one machine its folder will do (TERROIR_WORKSPACE). Each machine keeps its own store of packages.',
    '',
    'A worker is a compute target as well: a job that says `compute: NAME` waits for the worker of that name. `terroir compute list` shows who is at work.',
  ].join('\n'),
  options: [
    { flags: '--name <name>', description: 'What jobs call it (else the machine’s name)' },
    { flags: '--parallel <n>', description: 'So many runs and builds at once', default: '1' },
    { flags: '--only-named', description: 'Take only jobs that name this worker' },
  ],
  examples: [
    { command: 'terroir worker', does: 'help the server with what waits' },
    { command: 'terroir worker --name gpu-box --only-named', does: 'only for jobs with `compute: gpu-box`' },
  ],
  run: async (context, { options }) => {
    const app = await context.app();
    // Each run and each build would fail by it.
    await readSettings(app);
    const name = options.text('name');
    if (name !== undefined && (!/^[a-z0-9][a-z0-9._-]{0,62}$/i.test(name) || name === 'local' || name === 'docker'))
      throw new AppError('USAGE', `\`${name}\` cannot be the name of a worker`, {
        hint: 'Letters, digits, `.`, `_` and `-`, at most 63; `local` and `docker` have a meaning already.',
      });
    const parallel = readWholeNumber(options, 'parallel', { to: 1000 }) ?? 1;
    const worker = await startWorker(app, { name, parallel, onlyNamed: options.flag('onlyNamed') });
    app.emit({
      type: 'note',
      level: 'info',
      message: `the worker ${worker.name} takes up to ${parallel} at once from ${app.workspaceFolder}`,
    });
    await untilEnded(context.signal);
    await worker.stop();
    return { data: { name: worker.name }, text: '' };
  },
};
