import { diagnose } from '../../app/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'doctor',
  summary: 'Say what works on this machine, and how to get the rest',
  examples: [{ command: 'terroir doctor', does: 'when something does not work' }],
  run: async (context) => {
    const { style } = context;
    const elsewhere = await context.on({
      folder: async () => undefined,
      server: async (server) => server.checkServer,
    });
    const report = await diagnose(await context.machine(), elsewhere);
    const marks = { ok: style.green('✓'), warning: style.yellow('!'), problem: style.red('✗') };
    const lines = report.items.flatMap(({ state, subject, message, remedy }) => [
      `${marks[state]} ${style.bold(subject)}: ${message}`,
      ...(remedy === undefined ? [] : [`  ${style.cyan('hint:')} ${remedy}`]),
    ]);
    return {
      data: report,
      text: lines.join('\n'),
      exitCode: report.items.some(({ state }) => state === 'problem') ? 1 : 0,
    };
  },
};
