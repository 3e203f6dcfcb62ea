import { openShell } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'env shell',
  summary: 'Open a shell in an environment',
  description:
    'Opens your shell ($SHELL) with the environment first on PATH, in bash and zsh whatever their start-up files put there. `exit` leaves it.',
  arguments: [{ name: '<reference>', description: 'name, name:version, name@latest, or a file' }],
  runsScript: true,
  examples: [{ command: 'terroir env shell iris', does: 'look around' }],
  run: async (context, { arguments: [reference = ''] }) => {
    if (!context.interactive) {
      throw new AppError('NOT_INTERACTIVE', 'a shell needs a terminal', {
        hint: 'Use `terroir env exec REFERENCE -- COMMAND` in scripts.',
      });
    }
    const { app, reference: known } = await context.here(reference);
    const { exitCode } = await openShell(app, known);
    return { data: { exitCode }, text: '', exitCode };
  },
};
