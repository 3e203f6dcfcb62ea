import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createApiClient } from './api-client.ts';
import { followEvents } from './follow-events.ts';

type Handler = (response: ServerResponse, request: IncomingMessage) => void;

describe('following what goes on there', () => {
  const opened: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0)) await close();
  });

  /** A server that answers each request by the next handler. */
  const follow = async (handlers: readonly Handler[], signal?: AbortSignal) => {
    const positions: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      handlers[positions.length]?.(response, request);
      positions.push(request.headers['last-event-id'] as string | undefined);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const api = createApiClient(url, { env: {}, version: '1' });
    opened.push(
      api.close,
      () => server.closeAllConnections(),
      () => server.close(),
    );
    const seen: unknown[] = [];
    const done = (async () => {
      for await (const event of followEvents(api, '/events', signal)) seen.push(event);
    })();
    return { done, seen, positions };
  };

  const events =
    (...texts: string[]): Handler =>
    (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const text of texts) response.write(`${text}\n\n`);
    };
  const breakOff =
    (handler: Handler): Handler =>
    (response, request) => {
      handler(response, request);
      setTimeout(() => response.destroy(), 20);
    };
  const log = (id: number, text: string): string => `id: ${id}\nevent: log\ndata: ${JSON.stringify({ text })}`;
  const problem = (code: string): string =>
    `event: problem\ndata: ${JSON.stringify({ code, title: 'so it is', hint: 'do' })}`;
  const end = 'event: end\ndata: {"status":"Completed"}';

  it('goes on where it was when connections break off, proxies answer and servers stop', async () => {
    const { done, seen, positions } = await follow([
      breakOff(events(': hello', log(3, 'abc'))),
      (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>bad gateway</h1>'),
      (response) => response.destroy(),
      breakOff(events(log(6, 'def'), problem('CANCELED'))),
      events(end),
    ]);
    await done;
    expect(seen).toEqual([
      { type: 'log', data: { text: 'abc' } },
      { type: 'log', data: { text: 'def' } },
      { type: 'end', data: { status: 'Completed' } },
    ]);
    expect(positions).toEqual([undefined, '3', '3', '3', '6']);
  });

  it('tells a problem as the server says it', async () => {
    const { done } = await follow([events(log(1, 'a'), problem('RUN_NOT_FOUND'))]);
    await expect(done).rejects.toMatchObject({ code: 'RUN_NOT_FOUND', message: 'so it is', hint: 'do' });
  });

  it('does not wait for a server that never answered', async () => {
    const { done, positions } = await follow([(response) => response.destroy()]);
    await expect(done).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(positions).toHaveLength(1);
  });

  it('ends when the user interrupts', async () => {
    const controller = new AbortController();
    const { done, seen } = await follow([events(log(1, 'a'))], controller.signal);
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    await expect(done).rejects.toThrow();
  });
});
