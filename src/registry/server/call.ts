import type { IncomingHttpHeaders } from 'node:http';
import type { Reading } from '../store/content.ts';
import type { Registry, Repository } from '../store/registry.ts';

/** One request, as the routes see it. */
export interface Call {
  registry: Registry;
  /** Named in the path. Of requests about the registry as a whole nobody asks for it. */
  repository: Repository;
  /** What stands in the path behind the name: digest, tag or upload. */
  item: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Only the head is wanted. */
  isHead: boolean;
  body: {
    pieces: AsyncIterable<Uint8Array>;
    /** Cuts the client off. */
    stop: () => void;
    /** As announced; undefined if it comes in chunks. */
    length: number | undefined;
    /** So many bytes may an upload have. */
    largest: number | undefined;
  };
  /** Whether the client may read in another repository too. */
  mayRead: (repository: string) => Promise<boolean>;
}

/** What goes back. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: Uint8Array | Reading;
}

export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

export function emptyAnswer(status: number, headers: Record<string, string>): Answer {
  return { status, headers, body: new Uint8Array() };
}
