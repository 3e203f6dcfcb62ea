import { AppError, isAppError } from '../errors/index.ts';
import { sleep } from '../io/index.ts';
import type { ApiClient } from './api-client.ts';
import { segment } from './paths.ts';
import { readServerEvents } from './server-events.ts';

/** Connections that end at once, one after the other: then nobody is there any more. */
const mostFailures = 10;

/** A run's log by server-sent events; a connection that breaks is gone on with where it was. */
export async function* followRun(api: ApiClient, id: string, signal?: AbortSignal): AsyncIterableIterator<string> {
  let position: string | undefined;
  for (let failures = 0; ; ) {
    try {
      const answer = await api.send({
        path: `/runs/${segment(id)}/events`,
        headers: { accept: 'text/event-stream', ...(position === undefined ? {} : { 'last-event-id': position }) },
        ...(signal === undefined ? {} : { signal }),
      });
      for await (const event of readServerEvents(answer.stream())) {
        failures = 0;
        position = event.id ?? position;
        if (event.type === 'end') return;
        if (event.type === 'problem') throw problemOf(event.data);
        if (event.type === 'log') yield (JSON.parse(event.data) as { text: string }).text;
      }
    } catch (error) {
      if (isAppError(error) && error.code !== 'UNREACHABLE') throw error;
      if (failures >= mostFailures || signal?.aborted === true) throw error;
    }
    failures += 1;
    await sleep(100 * failures, signal);
  }
}

function problemOf(data: string): AppError {
  const { title } = JSON.parse(data) as { title: string };
  return new AppError('HTTP_ERROR', title);
}
