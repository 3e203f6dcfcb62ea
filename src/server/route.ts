import type { FastifyReply, FastifyRequest } from 'fastify';
import type * as z from 'zod';
import type { App } from '../app/index.ts';
import type { Role } from '../schema/index.ts';
import type { Identity } from './identity.ts';

type Schema = z.ZodType | undefined;
type Read<S extends Schema> = S extends z.ZodType ? z.output<S> : undefined;

/** What a handler gets: the request, read and checked, and an App that acts for whoever sent it. */
export interface Call<Query extends Schema = Schema, Body extends Schema = Schema> {
  app: App;
  identity: Identity;
  /** Decoded. */
  params: Readonly<Record<string, string>>;
  query: Read<Query>;
  body: Read<Body>;
  request: FastifyRequest;
  reply: FastifyReply;
}

export interface Answer {
  /** 200 if not given. */
  status?: number;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless the handler took the reply over (`sent`). */
  body?: unknown;
  /** True if the handler answers by itself. */
  sent?: true;
}

export interface RouteAnswer {
  description: string;
  schema?: z.ZodType;
  /** `application/json` if there is a schema. */
  contentType?: string;
}

/** A route as a value: the server mounts it, and the description and its page are made of it. */
export interface Route<Query extends Schema = Schema, Body extends Schema = Schema> {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`, with `:name` for a parameter. */
  path: string;
  /** Who may call it; `anyone` needs no token. */
  role: Role | 'anyone';
  /** A verb and a noun: the name of the call in clients. */
  id: string;
  tag: string;
  /** One line, no full stop. */
  summary: string;
  description?: string;
  query?: Query;
  body?: Body;
  /** The body may be left out. */
  optionalBody?: boolean;
  /** The body is no JSON: the handler reads it from the request. */
  rawBody?: string;
  headers?: readonly { name: string; description: string }[];
  answers: Readonly<Record<number, RouteAnswer>>;
  handle(call: Call<Query, Body>): Promise<Answer>;
}

/** Ties the types of a route's parts together. */
export function route<Query extends Schema = undefined, Body extends Schema = undefined>(
  value: Route<Query, Body>,
): Route {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- who mounts it hands over what its own schemas read
  return value as unknown as Route;
}
