import { revokeToken } from '../../app/index.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  name: 'token revoke',
  summary: 'Revoke a token: it does not hold any more',
  arguments: [{ name: '<id>', description: 'As `terroir token list` shows it' }],
  run: async (context, { arguments: [id = ''] }) => {
    const token = await context.on({
      folder: (app) => revokeToken(app, id),
      server: (server) => server.revokeToken(id),
    });
    return { data: token, text: `${context.style.green('revoked')} ${token.id} of ${token.user}` };
  },
};
