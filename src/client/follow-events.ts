import { AppError, isAppError } from '../errors/index.ts';
import { sleep } from '../io/index.ts';
import type { ApiClient } from './api-client.ts';
import { type Problem, problemError } from './server-error.ts';
import { readServerEvents } from './server-events.ts';

export interface FollowedEvent {
  type: string;
  data: unknown;
}

/** In a row; with the pauses between them, half a minute: a server that is started anew is back by then. */
const mostFailures = 10;

/**
 * What happens at `path`, by server-sent events, up to and with its `end`. A connection that breaks off is gone on with where it was.
 * @throws AppError as the server says; UNREACHABLE once nobody is there any more.
 */
export async function* followEvents(
  api: ApiClient,
  path: string,
  signal?: AbortSignal,
): AsyncIterableIterator<FollowedEvent> {
  let position: string | undefined;
  let hasAnswered = false;
  for (let failures = 0; failures <= mostFailures; failures += 1) {
    if (failures > 0) await sleep(Math.min(5000, 50 * 2 ** failures), signal);
    try {
      const headers = { accept: 'text/event-stream', ...(position === undefined ? {} : { 'last-event-id': position }) };
      const answer = await api.send({ path, headers, ...(signal === undefined ? {} : { signal }) });
      hasAnswered = true;
      for await (const { id, type, data } of readServerEvents(answer.stream())) {
        failures = 0;
        position = id ?? position;
        const content: unknown = JSON.parse(data);
        if (type === 'problem') throw problemError(content as Problem);
        yield { type, data: content };
        if (type === 'end') return;
      }
    } catch (error) {
      if (!hasAnswered || failures === mostFailures || signal?.aborted === true || !isPassing(error)) throw error;
    }
  }
  throw new AppError('UNREACHABLE', `${api.url} does not say any more how it goes on`, {
    hint: 'It goes on there; ask again later.',
  });
}

/** A connection that broke, a server that stops or is behind a proxy that waits for it: all of that passes. */
function isPassing(error: unknown): boolean {
  return !isAppError(error) || ['UNREACHABLE', 'HTTP_ERROR', 'CANCELED', 'INTERNAL'].includes(error.code);
}
