import type { Emit } from '../report/index.ts';
import { createApiClient, passwordOf } from './api-client.ts';
import type { Connection } from './connection.ts';
import { createDefinitions } from './definitions.ts';
import { createEnvironmentCalls } from './environment-calls.ts';
import { createImageCalls } from './image-calls.ts';
import { createLockCalls } from './lock-calls.ts';
import { createMachineCalls } from './machine-calls.ts';
import { createMirrorCalls } from './mirror-calls.ts';
import { createModelCalls } from './model-calls.ts';
import { createPeopleCalls } from './people-calls.ts';
import { createRunCalls } from './run-calls.ts';
import { createShareCalls } from './share-calls.ts';

export interface ServerOptions {
  /** An API token. */
  token?: string;
  /** Where the user has it, for messages: TERROIR_TOKEN if not given. */
  tokenVariable?: string;
  /** From which paths start. */
  cwd: string;
  env: Record<string, string | undefined>;
  offline?: boolean;
  emit: Emit;
  signal: AbortSignal;
  /** Of Terroir itself. */
  version: string;
}

export type Server = ReturnType<typeof openServer>;

/** A workspace behind a server: calls with the names and answers of the use cases. Nothing is asked until one is called. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it makes
export function openServer(url: string, options: ServerOptions) {
  const { token = passwordOf(url) } = options;
  const api = createApiClient(url, { ...options, token });
  const connection: Connection = { ...options, api };
  const definitions = createDefinitions(connection);
  const locks = createLockCalls(connection, definitions);
  return {
    url: api.url,
    close: api.close,
    ...locks,
    ...createEnvironmentCalls(connection, definitions, locks),
    ...createImageCalls(connection, definitions),
    ...createMirrorCalls(connection, definitions, locks),
    ...createModelCalls(connection),
    ...createRunCalls(connection, definitions),
    ...createShareCalls(connection, token),
    ...createPeopleCalls(connection),
    ...createMachineCalls(connection),
  };
}
