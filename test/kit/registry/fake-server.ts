import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';

export interface FakeServer {
  /** `127.0.0.1:port`. */
  host: string;
  requests: IncomingMessage[];
  close: () => Promise<void>;
}

/** A server on loopback that answers as told. */
export async function startFakeServer(
  answer: RequestListener,
  tls?: { key: string; cert: string },
): Promise<FakeServer> {
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    answer(request, response);
  };
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    host: `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface BadLine {
  host: string;
  /** Bytes that clients have sent. */
  sent: () => number;
  close: () => Promise<void>;
}

/** A line to `target` on which connections break after so many bytes from the client: one number for each connection, then none breaks. */
export async function startBadLine(target: string, breaks: number[]): Promise<BadLine> {
  const sockets = new Set<Socket>();
  const [host = '', port = ''] = target.split(':');
  let sent = 0;
  const server = createTcpServer((client) => {
    const upstream = connect(Number(port), host);
    let limit = Number.POSITIVE_INFINITY;
    let own = 0;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (piece: Buffer) => {
      // Only long bodies count: the first large piece says that this is one.
      if (piece.length > 10_000 && limit === Number.POSITIVE_INFINITY)
        limit = breaks.shift() ?? Number.MAX_SAFE_INTEGER;
      own += piece.length;
      sent += piece.length;
      if (own <= limit) upstream.write(piece);
      else setTimeout(() => client.destroy(), 50);
    });
    upstream.on('data', (piece: Buffer) => client.write(piece));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    host: `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    sent: () => sent,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
