import { listAudit } from '../../app/index.ts';
import type { Command } from '../command.ts';
import { pageOptions, pageText, readPage } from '../page.ts';
import { table } from '../table.ts';

export const command: Command = {
  name: 'audit list',
  summary: 'List who did what',
  description: 'Lists every change of the workspace, newest first: who, what, when, from where, and how it ended.',
  options: [
    { flags: '--user <name>', description: 'Only by this user' },
    { flags: '--action <action>', description: 'Only this, such as environment.register' },
    { flags: '--subject <name>', description: 'Only of this, such as iris:3' },
    { flags: '--since <time>', description: 'Not before, such as 2026-01-31' },
    ...pageOptions,
  ],
  examples: [{ command: 'terroir audit list --subject iris:3', does: 'what happened to a version' }],
  run: async (context, { options }) => {
    const request = {
      ...readPage(options),
      user: options.text('user'),
      action: options.text('action'),
      subject: options.text('subject'),
      since: options.text('since'),
    };
    const page = await context.on({
      folder: (app) => listAudit(app, request),
      server: (server) => server.listAudit(request),
    });
    const rows = page.items.map(({ number, time, user, origin, action, subject, outcome }) => [
      String(number),
      time.slice(0, 19),
      user,
      action,
      outcome,
      origin,
      subject,
    ]);
    const text = table(['', 'time', 'user', 'action', 'outcome', 'from', 'subject'], rows, context.style);
    const { limit: _, ...narrowing } = request;
    return {
      data: page,
      text: pageText(text, {
        next: page.next,
        isNarrowed: Object.values(narrowing).some((value) => value !== undefined),
        what: 'entries',
        first: 'whatever changes the workspace makes one',
      }),
    };
  },
};
