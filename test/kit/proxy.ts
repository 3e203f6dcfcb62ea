import { createServer, request } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Proxy {
  url: string;
  /** `CONNECT host:port` and `GET http://…`, as they came. */
  seen: string[];
  close: () => Promise<void>;
}

/** An HTTP proxy on a free loopback port, for tunnels and for plain requests; with a login if one is named. */
export async function startProxy(login?: { user: string; password: string }): Promise<Proxy> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const expected =
    login === undefined ? undefined : `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  const server = createServer((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    if (expected !== undefined && incoming.headers['proxy-authorization'] !== expected) {
      response.writeHead(407).end();
      return;
    }
    const outgoing = request(incoming.url ?? '', { method: incoming.method, headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.writeHead(502).end());
    incoming.pipe(outgoing);
  });
  server.on('connect', (incoming, client: Socket) => {
    seen.push(`CONNECT ${incoming.url}`);
    if (expected !== undefined && incoming.headers['proxy-authorization'] !== expected) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const [host = '', port = '443'] = (incoming.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    sockets.add(target);
    target.on('error', () => client.destroy());
    client.on('error', () => target.destroy());
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const user = login === undefined ? '' : `${login.user}:${login.password}@`;
  return {
    url: `http://${user}127.0.0.1:${port}`,
    seen,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
