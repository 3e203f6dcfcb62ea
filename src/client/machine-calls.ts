import type * as useCases from '../app/index.ts';
import { isAppError } from '../errors/index.ts';
import type { Answer, Connection } from './connection.ts';

type Diagnosis = useCases.Diagnosis;

/** The server itself. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it makes
export function createMachineCalls({ api }: Connection) {
  return {
    /** What `doctor` says of the workspace: whether the server answers, which version it runs, and what it takes us for. */
    checkServer: async (): Promise<Diagnosis[]> => {
      const subject = 'workspace';
      try {
        const { user, role } = await api.json<{ user: string; role: string }>({ path: '/me' });
        const runs = (await api.serverVersion()) ?? 'of an unknown version';
        const message = `${api.url} answers: Terroir ${runs}; you are ${user}, with the role ${role}`;
        return [{ state: 'ok', subject, message }];
      } catch (error) {
        if (!isAppError(error)) throw error;
        return [{ state: 'problem', subject, message: `${api.url}: ${error.message}`, remedy: error.hint }];
      }
    },

    listCompute: async () => await api.json<Answer<typeof useCases.listCompute>>({ path: '/compute' }),
  };
}
