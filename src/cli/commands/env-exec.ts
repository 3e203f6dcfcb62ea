import { execInEnvironment } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import type { Command } from '../command.ts';
import { passOutput } from '../pass-output.ts';

export const command: Command = {
  name: 'env exec',
  summary: 'Run a command in an environment, without a record',
  description:
    'Runs a command in the environment on this machine, in the current folder, and ends with its exit code. Nothing is recorded; `terroir run` records.',
  arguments: [{ name: '<reference>', description: 'name, name:version, name@latest, or a file' }],
  takesCommandLine: true,
  runsScript: true,
  examples: [
    { command: 'terroir env exec iris -- python -c "import sklearn; print(sklearn.__version__)"', does: 'a command' },
  ],
  run: async (context, { arguments: [reference = ''], rest }) => {
    if (rest.length === 0) {
      throw new AppError('USAGE', 'there is no command to run', {
        hint: 'Write it after `--`: `terroir env exec iris -- python script.py`.',
      });
    }
    // An interpreter, a pager, progress bars: at a terminal the command has it to itself.
    const onOutput = process.stdout.isTTY && !context.json ? undefined : passOutput(context);
    const { app, reference: known } = await context.here(reference);
    const { exitCode } = await execInEnvironment(app, known, rest, onOutput);
    return { data: { exitCode }, text: '', exitCode };
  },
};
