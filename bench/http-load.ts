import { connect, type Socket } from 'node:net';

/** One connection that is kept, with one request at a time: as little work as possible beside the server that is measured. */
interface Client {
  send(request: string): Promise<number>;
  close(): void;
}

export interface Latencies {
  count: number;
  seconds: number;
  p50: number;
  p99: number;
  worst: number;
  /** Answers that were not 2xx, by status; 0 for a connection that broke. */
  failures: Record<number, number>;
}

export interface Request {
  method: string;
  path: string;
  token: string;
  body?: unknown;
}

export function render({ method, path, token, body }: Request): string {
  const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n`;
  if (body === undefined) return `${head}\r\n`;
  const text = JSON.stringify(body);
  return `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

/**
 * Each client sends its requests, one after the other, once in `every` milliseconds, for `seconds`. Time counts from when a round was due, not from when it
 * could begin: a server that falls behind does not look fast.
 */
export async function loadSteadily(
  url: string,
  clients: readonly (readonly string[])[],
  { every, seconds }: { every: number; seconds: number },
): Promise<Latencies> {
  const record = createRecord();
  const begin = performance.now() + 500;
  await Promise.all(
    clients.map(async (requests, index) => {
      const client = await openClient(url);
      const first = begin + (index / clients.length) * every;
      for (let round = 0; round * every < seconds * 1000; round += 1) {
        let due = first + round * every;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
        for (const request of requests) {
          record.note(await client.send(request), performance.now() - due);
          due = performance.now();
        }
      }
      client.close();
    }),
  );
  return record.latencies((performance.now() - begin) / 1000);
}

/** All requests of a list, by so many connections, as fast as the answers come. */
export async function loadFully(url: string, requests: readonly string[], connections: number): Promise<Latencies> {
  const record = createRecord();
  const waiting = requests[Symbol.iterator]();
  const clients = await Promise.all(Array.from({ length: connections }, () => openClient(url)));
  const begin = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      for (const request of waiting) {
        const at = performance.now();
        record.note(await client.send(request), performance.now() - at);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  for (const client of clients) client.close();
  return record.latencies(seconds);
}

function createRecord() {
  const times: number[] = [];
  const failures: Record<number, number> = {};
  return {
    note: (status: number, ms: number): void => {
      times.push(ms);
      if (status < 200 || status > 299) failures[status] = (failures[status] ?? 0) + 1;
    },
    latencies: (seconds: number): Latencies => {
      times.sort((a, b) => a - b);
      const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
      return { count: times.length, seconds, p50: at(0.5), p99: at(0.99), worst: at(1), failures };
    },
  };
}

async function openClient(url: string): Promise<Client> {
  const { hostname, port } = new URL(url);
  let socket: Socket | undefined;
  let seen = Buffer.alloc(0);
  let answer: (status: number) => void = () => undefined;
  const open = async (): Promise<Socket> => {
    const made = connect({ host: hostname, port: Number(port), noDelay: true });
    made.on('data', (chunk) => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end === -1) return;
      const head = seen.toString('latin1', 0, end);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (seen.length < end + 4 + length) return;
      seen = Buffer.alloc(0);
      answer(Number(head.slice(9, 12)));
    });
    made.on('error', () => undefined);
    made.on('close', () => {
      socket = undefined;
      answer(0);
    });
    await new Promise((resolve) => made.once('connect', resolve).once('close', resolve));
    return made;
  };
  socket = await open();
  return {
    send: async (request) => {
      const current = (socket ??= await open());
      return await new Promise<number>((resolve) => {
        answer = resolve;
        current.write(request);
      });
    },
    close: () => socket?.destroy(),
  };
}
