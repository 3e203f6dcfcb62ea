import { connect, createServer, type Socket } from 'node:net';

/** A line to a server on this machine that counts what goes there, and can be cut. */
export interface CountingLine {
  /** As the server's, with another port. */
  url: string;
  /** Bytes that went to the server. */
  sent(): number;
  /** Cuts it as soon as so many more bytes went to the server; until it is mended. */
  cutAfter(bytes: number): void;
  mend(): void;
  close(): Promise<void>;
}

export async function startCountingLine(target: string): Promise<CountingLine> {
  const { hostname, port, protocol } = new URL(target);
  const sockets = new Set<Socket>();
  let sent = 0;
  let limit = Number.POSITIVE_INFINITY;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    if (sent > limit) {
      client.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const socket of [client, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk: Buffer) => {
      sent += chunk.length;
      if (sent > limit) cut();
      else if (!far.write(chunk)) client.pause();
    });
    far.on('drain', () => client.resume());
    far.pipe(client);
    client.on('close', () => far.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const own = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `${protocol}//127.0.0.1:${own}`,
    sent: () => sent,
    cutAfter: (bytes) => {
      limit = sent + bytes;
    },
    mend: () => {
      limit = Number.POSITIVE_INFINITY;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
