import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { AppError } from '../errors/index.ts';

export interface HttpServer {
  /** `http://host:port`, without a slash at the end. */
  url: string;
  port: number;
  /** Ends connections too, those in the middle of a request included. */
  close: () => Promise<void>;
}

export interface HttpServerOptions {
  host?: string;
  port?: number;
  /** Milliseconds in which a request's headers have to be there; half a minute if not given. */
  headersTimeout?: number;
  /** Milliseconds without a byte in either direction after which a connection is ended; two minutes if not given. */
  idleTimeout?: number;
}

/** Serves on loopback unless told otherwise, on a free port unless one is given. A whole request may take as long as it needs. */
export async function serveHttp(
  handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  { host = '127.0.0.1', port = 0, headersTimeout = 30_000, idleTimeout = 120_000 }: HttpServerOptions = {},
): Promise<HttpServer> {
  const server = createServer(
    {
      headersTimeout,
      requestTimeout: 0,
      keepAliveTimeout: 75_000,
      connectionsCheckingInterval: Math.min(headersTimeout / 2, 5000),
    },
    (request, response) => {
      handler(request, response).catch(() => response.destroy());
    },
  );
  server.setTimeout(idleTimeout);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, port)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const actual = address !== null && typeof address === 'object' ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    port: actual,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listenError(error: Error, port: number): unknown {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new AppError('BUSY', `port ${port} is taken`, {
      hint: 'End the program that listens there, or choose another port.',
      cause: error,
    });
  }
  if (code !== 'EACCES') return error;
  return new AppError('PERMISSION_DENIED', `port ${port} may not be opened`, {
    hint: 'Choose a port above 1023.',
    cause: error,
  });
}
