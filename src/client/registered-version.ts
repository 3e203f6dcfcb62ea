import type { RegisteredVersion, VersionView } from '../app/index.ts';
import type { HttpResponse } from '../io/index.ts';
import type { ApiClient } from './api-client.ts';

/** The answer to what registers a version: the header `outcome` says what it did. */
export async function readRegistered(api: ApiClient, answer: HttpResponse): Promise<RegisteredVersion> {
  const { outcome } = answer.headers;
  return {
    version: await api.read<VersionView>(answer),
    outcome: outcome === 'updated' || outcome === 'unchanged' ? outcome : 'created',
  };
}
