import type { ApiClient } from './api-client.ts';
import { followEvents } from './follow-events.ts';
import { segment } from './paths.ts';

/** A run's log, as it grows, until the run has ended. */
export async function* followRun(api: ApiClient, id: string, signal?: AbortSignal): AsyncIterableIterator<string> {
  for await (const { type, data } of followEvents(api, `/runs/${segment(id)}/events`, signal))
    if (type === 'log') yield (data as { text: string }).text;
}
