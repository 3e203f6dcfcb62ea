import type * as useCases from '../app/index.ts';
import type { AuditEntry, TokenRecord } from '../schema/index.ts';
import type { Answer, Connection, Request } from './connection.ts';
import { segment } from './paths.ts';

/** Who may do what, and who did what. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it makes
export function createPeopleCalls({ api }: Connection) {
  return {
    createToken: async (request: useCases.TokenRequest): Promise<Answer<typeof useCases.createToken>> => {
      const made = await api.json<TokenRecord & { token: string }>({ method: 'POST', path: '/tokens', body: request });
      const { token: text, ...token } = made;
      return { token, text };
    },

    listTokens: async (query: Request<typeof useCases.listTokens>) =>
      await api.json<Answer<typeof useCases.listTokens>>({ path: '/tokens', query: { ...query } }),

    revokeToken: async (id: string): Promise<TokenRecord> =>
      await api.json({ method: 'DELETE', path: `/tokens/${segment(id)}` }),

    listAudit: async (query: useCases.AuditRequest) =>
      await api.json<Answer<typeof useCases.listAudit>>({ path: '/audit', query: { ...query } }),

    verifyAudit: async (expect?: string) =>
      await api.json<Answer<typeof useCases.verifyAudit>>({ path: '/audit/verify', query: { expect }, waits: true }),

    exportAudit: async function* (after = 0): AsyncIterableIterator<AuditEntry> {
      const answer = await api.send({ path: '/audit/export', query: { after } });
      const decoder = new TextDecoder();
      let text = '';
      for await (const piece of answer.stream()) {
        const lines = (text + decoder.decode(piece, { stream: true })).split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) yield JSON.parse(line) as AuditEntry;
      }
    },
  };
}
