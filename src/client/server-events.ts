export interface ServerEvent {
  id: string | undefined;
  type: string;
  data: string;
}

/** Server-sent events (WHATWG HTML, 9.2), as our servers send them: one line of data each. */
export async function* readServerEvents(pieces: AsyncIterable<Uint8Array>): AsyncIterableIterator<ServerEvent> {
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
