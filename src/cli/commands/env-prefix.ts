import { materialiseEnvironment, verifyEnvironmentPrefix } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'env prefix',
  summary: 'Materialise on this machine and print the path',
  description: [
    'Makes the environment as a directory on this machine, if it is not there yet, and prints its path. Environments with the same lock share it.',
    'Point an editor at the interpreter: `terroir env prefix NAME --python`. `source PREFIX/bin/activate` works as with a venv.',
  ].join('\n'),
  arguments: [{ name: '<reference>', description: 'name, name:version, name@latest, or a file' }],
  options: [
    { flags: '--python', description: 'Print the path of the interpreter instead' },
    { flags: '--verify', description: 'Check every file, and repair what is damaged' },
  ],
  examples: [
    { command: 'terroir env prefix iris', does: 'the directory' },
    { command: 'code --user-data-dir . "$(terroir env prefix iris --python)"', does: 'the interpreter, for an editor' },
  ],
  run: async (context, { arguments: [reference = ''], options }) => {
    const { app, reference: known } = await context.here(reference);
    const made = options.flag('verify')
      ? await verifyEnvironmentPrefix(app, known)
      : await materialiseEnvironment(app, known);
    if (!options.flag('python')) return { data: made, text: made.prefix };
    if (made.interpreter !== null) return { data: made, text: made.interpreter };
    throw new AppError('PYTHON_NOT_FOUND', `${reference} has no Python`, {
      hint: 'Add `python` to the dependencies of its conda file.',
    });
  },
};
