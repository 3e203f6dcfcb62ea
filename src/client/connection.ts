import type { Emit } from '../report/index.ts';
import type { ApiClient } from './api-client.ts';

/** What the calls of a server share. */
export interface Connection {
  api: ApiClient;
  /** From which paths start. */
  cwd: string;
  /** The caller's environment variables: secrets come from there. */
  env: Record<string, string | undefined>;
  emit: Emit;
  signal: AbortSignal;
}

/** What a use case answers on a folder, a call answers on a server. */
export type Answer<UseCase extends (...given: never[]) => unknown> = Awaited<ReturnType<UseCase>>;

/** What a use case takes beside the App. */
export type Request<
  UseCase extends (...given: never[]) => unknown,
  Position extends 1 | 2 = 1,
> = Parameters<UseCase>[Position];
