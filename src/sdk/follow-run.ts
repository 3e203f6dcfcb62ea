import { AppError, isAppError } from '../errors/index.ts';
import { sleep } from '../io/index.ts';
import type { ApiClient } from './api-client.ts';

/** Connections that end at once, one after the other: then nobody is there any more. */
const mostFailures = 10;

/** A run's log by server-sent events (WHATWG HTML, 9.2); a connection that breaks is gone on with where it was. */
export async function* followRun(api: ApiClient, id: string, signal?: AbortSignal): AsyncIterableIterator<string> {
  let position: string | undefined;
  for (let failures = 0; ; ) {
    try {
      const answer = await api.send({
        path: `/runs/${encodeURIComponent(id)}/events`,
        headers: { accept: 'text/event-stream', ...(position === undefined ? {} : { 'last-event-id': position }) },
      });
      for await (const event of readEvents(answer.stream())) {
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

interface ServerEvent {
  id: string | undefined;
  type: string;
  data: string;
}

async function* readEvents(pieces: AsyncIterable<Uint8Array>): AsyncIterableIterator<ServerEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of pieces) {
    text += decoder.decode(piece, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const fields = new Map(text.slice(0, end).split('\n').map(readField));
      text = text.slice(end + 2);
      const data = fields.get('data');
      if (data !== undefined) yield { id: fields.get('id'), type: fields.get('event') ?? 'message', data };
    }
  }
}

function readField(line: string): [string, string] {
  const colon = line.indexOf(': ');
  return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 2)];
}

function problemOf(data: string): AppError {
  const { title } = JSON.parse(data) as { title: string };
  return new AppError('HTTP_ERROR', title);
}
