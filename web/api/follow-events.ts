import { ApiError, send } from './client.ts';
import { isLost } from './connection.ts';
import { loggedIn } from './session.ts';

interface Listener<End> {
  /** The byte of the log at which it begins. */
  from: number;
  /** Each event but the last, as the server names it. */
  take(name: string, data: unknown): void;
  end(facts: End): void;
  signal: AbortSignal;
}

/** Milliseconds before the stream is asked for again. */
const pause = 500;

/** What grows at an address of the API, a run's log or a build's steps. When the connection goes, it goes on from the byte where it was. */
export async function followEvents<End>(path: string, { from, take, end, signal }: Listener<End>): Promise<void> {
  let last = String(from);
  const isEnded = (): boolean => signal.aborted;
  while (!isEnded()) {
    try {
      const answer = await send(path, { signal, headers: { 'last-event-id': last } });
      for await (const event of readEvents(answer)) {
        if (event.id !== undefined) last = event.id;
        const data: unknown = JSON.parse(event.data);
        if (event.name === 'end') {
          end(data as End);
          return;
        }
        take(event.name, data);
      }
    } catch (error) {
      if (isEnded()) return;
      if (error instanceof ApiError && error.problem.status === 401) await loggedIn(signal);
      else if (error instanceof ApiError && error.problem.code !== 'UNREACHABLE') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, isLost.peek() ? 2 * pause : pause));
  }
}

interface ServerEvent {
  id: string | undefined;
  name: string;
  data: string;
}

/** Server-sent events (HTML Living Standard, 9.2.6), as far as the server sends them. */
async function* readEvents(answer: Response): AsyncIterableIterator<ServerEvent> {
  if (answer.body === null) return;
  const decoder = new TextDecoder();
  let rest = '';
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => {
          const at = line.indexOf(':');
          return [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')] as const;
        }),
      );
      yield { id: fields.get('id'), name: fields.get('event') ?? 'message', data: fields.get('data') ?? '' };
    }
  }
}
