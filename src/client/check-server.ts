import type { Diagnosis } from '../app/index.ts';
import { isAppError } from '../errors/index.ts';
import type { ApiClient } from './api-client.ts';

/** What `doctor` says of a workspace behind a server: whether it answers, which version it runs, and what it takes us for. */
export async function checkServer(api: ApiClient): Promise<Diagnosis[]> {
  const subject = 'workspace';
  try {
    const { user, role } = await api.json<{ user: string; role: string }>({ path: '/me' });
    const runs = (await api.serverVersion()) ?? 'of an unknown version';
    return [
      { state: 'ok', subject, message: `${api.url} answers: Terroir ${runs}; you are ${user}, with the role ${role}` },
    ];
  } catch (error) {
    if (!isAppError(error)) throw error;
    return [{ state: 'problem', subject, message: `${api.url}: ${error.message}`, remedy: error.hint }];
  }
}
