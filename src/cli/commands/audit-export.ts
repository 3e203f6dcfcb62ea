import { exportAudit } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'audit export',
  summary: 'Print the audit trail, one JSON a line',
  options: [{ flags: '--after <number>', description: 'Only entries after this one', default: '0' }],
  examples: [{ command: 'terroir audit export > audit.ndjson', does: 'oldest first' }],
  run: async (context, { options }) => {
    const text = options.text('after') ?? '0';
    if (!/^\d{1,15}$/.test(text)) throw new AppError('USAGE', `--after wants a number, not \`${text}\``);
    const entries = await context.on({
      folder: async (app) => exportAudit(app, Number(text)),
      server: async (server) => server.exportAudit(Number(text)),
    });
    for await (const entry of entries) {
      if (!process.stdout.write(`${JSON.stringify(entry)}\n`))
        await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
    return { data: undefined, text: '' };
  },
};
