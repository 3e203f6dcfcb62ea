import { verifyAudit } from '../../app/index.ts';
import { formatCount } from '../../report/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'audit verify',
  summary: 'Check that nobody changed the audit trail',
  description: [
    'Reads the whole trail: each entry has a hash over its content and the hash before it, so that a changed, removed or inserted one is found.',
    '',
    'Who could write the database could also write the whole trail anew. Note the hash that this prints in another place: with --expect it has to be',
    'in the trail later.',
  ].join('\n'),
  options: [{ flags: '--expect <hash>', description: 'A hash that was noted earlier' }],
  run: async (context, { options }) => {
    const check = await context.on({
      folder: (app) => verifyAudit(app, options.text('expect')),
      server: (server) => server.verifyAudit(options.text('expect')),
    });
    return {
      data: check,
      text: `${context.style.green('sound')}: ${formatCount(check.entries, 'entry')}, the last one’s hash is ${check.head}`,
    };
  },
};
