import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './call.ts';

/** As much of a refused body is still read, so that the client gets to see why; who sends more is cut off. */
const patience = 16 << 20;

/** The one place where an answer goes out. */
export async function writeAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  if (response.destroyed) return;
  const { status, headers = {}, body } = answer;
  if (!request.complete) drain(request);
  const isBytes = body instanceof Uint8Array;
  response.writeHead(status, {
    'docker-distribution-api-version': 'registry/2.0',
    'x-content-type-options': 'nosniff',
    ...(isBytes ? { 'content-length': String(body.length) } : {}),
    ...headers,
  });
  if (body === undefined || isBytes || request.method === 'HEAD') {
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  // A client that goes away, and content that proves damaged, both end the connection: nobody takes the rest for the whole.
  try {
    await body.sendTo(response);
    response.end();
  } catch {
    response.destroy();
  }
}

function drain(request: IncomingMessage): void {
  let size = 0;
  request.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size > patience) request.destroy();
  });
  request.on('error', () => undefined);
}
