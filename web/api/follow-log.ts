import { ApiError, send } from './client.ts';
import { isLost } from './connection.ts';
import { loggedIn } from './session.ts';

export interface LogEnd {
  status: string;
  exitCode: number | null;
}

interface Listener {
  from: number;
  log(text: string): void;
  end(facts: LogEnd): void;
  signal: AbortSignal;
}

/** Milliseconds before the stream is asked for again. */
const pause = 500;

/** A run's log as it grows, from a byte of it. When the connection goes, it goes on from the byte where it was. */
export async function followLog(run: string, { from, log, end, signal }: Listener): Promise<void> {
  let last = String(from);
  const isEnded = (): boolean => signal.aborted;
  while (!isEnded()) {
    try {
      const answer = await send(`/runs/${encodeURIComponent(run)}/events`, {
        signal,
        headers: { 'last-event-id': last },
      });
      for await (const event of readEvents(answer)) {
        if (event.id !== undefined) last = event.id;
        if (event.name === 'log') log((JSON.parse(event.data) as { text: string }).text);
        if (event.name === 'end') {
          end(JSON.parse(event.data) as LogEnd);
          return;
        }
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
