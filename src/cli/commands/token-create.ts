import { createToken } from '../../app/index.ts';
import { AppError } from '../../errors/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'token create',
  summary: 'Make a token for somebody; it is shown once',
  description: [
    'Makes an API token and prints it. Only its hash is kept: who loses it gets another one. It holds for the API, and for the registry as a password.',
    '',
    'Roles: a reader sees everything but people and the audit trail; a contributor also registers, changes, locks and runs; an admin also makes',
    'tokens, reads the audit trail and purges.',
  ].join('\n'),
  options: [
    { flags: '--user <name>', description: 'Whose it is: the name that records get' },
    {
      flags: '--role <role>',
      description: 'What its owner may do',
      choices: ['reader', 'contributor', 'admin'],
      default: 'reader',
    },
    { flags: '--expires <time>', description: '`12h`, `90d`, `1y` or `never`', default: '90d' },
  ],
  examples: [
    { command: 'terroir token create --user ci --role contributor --expires 1y', does: 'for a robot' },
    { command: 'TOKEN=$(terroir token create --user ann)', does: 'stdout has the token and nothing else' },
  ],
  run: async (context, { options }) => {
    const user = options.text('user');
    if (user === undefined)
      throw new AppError('USAGE', 'it has to be said whose token it is', {
        hint: '`terroir token create --user NAME`',
      });
    const request = {
      user,
      role: options.text('role') ?? 'reader',
      expires: options.text('expires') ?? '90d',
    };
    const { token, text } = await context.on({
      folder: (app) => createToken(app, request),
      server: (server) => server.createToken(request),
    });
    return { data: { ...token, token: text }, text };
  },
};
