import { listTokens } from '../../app/index.ts';
import type { TokenRecord } from '../../schema/index.ts';
import type { Command } from '../command.ts';
import { pageOptions, pageText, readPage } from '../page.ts';
import { table } from '../table.ts';
import { ago } from '../time-text.ts';

export const command: Command = {
  name: 'token list',
  summary: 'List tokens',
  description: 'Lists tokens, newest first, also those that do not hold any more. Their text is kept nowhere.',
  options: pageOptions,
  run: async (context, { options }) => {
    const request = readPage(options);
    const page = await context.on({
      folder: (app) => listTokens(app, request),
      server: (server) => server.listTokens(request),
    });
    const rows = page.items.map((token) => [
      token.id,
      token.user,
      token.role,
      stateOf(token),
      ago(token.createdAt),
      token.usedAt === null ? 'never' : ago(token.usedAt),
    ]);
    const text = table(['id', 'user', 'role', 'state', 'created', 'used'], rows, context.style);
    return {
      data: page,
      text: pageText(text, {
        next: page.next,
        isNarrowed: request.cursor !== undefined,
        what: 'tokens',
        first: '`terroir token create --user NAME` makes one',
      }),
    };
  },
};

function stateOf({ revokedAt, expiresAt }: TokenRecord): string {
  if (revokedAt !== null) return 'revoked';
  if (expiresAt === null) return 'holds for ever';
  return Date.parse(expiresAt) > Date.now() ? `until ${expiresAt.slice(0, 10)}` : 'expired';
}
