import type { FastifyReply, FastifyRequest } from 'fastify';
import { type App, actFor, type Worker } from '../app/index.ts';
import type { Workspace } from '../workspace/index.ts';
import type { Authenticate } from './authenticate.ts';
import { type Identity, mayAct, originOf } from './identity.ts';
import type { Limits } from './limits.ts';
import type { Login } from './login/login.ts';
import type { Metrics } from './metrics.ts';
import type { RateLimit } from './rate-limit.ts';
import type { StudioFiles } from './studio-files.ts';

/** What the parts of a server share. */
export interface ServerContext {
  app: App;
  workspace: Workspace;
  /** What clients of Azure call it. */
  workspaceName: string;
  authenticate: Authenticate;
  /** Undefined if nobody can log in with a browser. */
  login: Login | undefined;
  limits: Limits;
  metrics: Metrics;
  /** By caller. */
  rate: RateLimit;
  /** Wrong tokens, by address. */
  failures: RateLimit;
  /** Undefined if this server leaves the work to others. */
  worker: Worker | undefined;
  /** The web page; undefined for none. */
  studio?: Promise<StudioFiles>;
  /** Ends when the server stops. */
  stopping: AbortSignal;
}

/** The App of one request: the caller's name on what they make, their hanging up as its signal, notes in the log. */
export function appFor(
  context: ServerContext,
  { request, reply, identity }: { request: FastifyRequest; reply: FastifyReply; identity: Identity },
): App {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    // Every answered request closes, too, and an error with its stack costs more than the rest of this.
    if (!reply.raw.writableFinished) gone.abort();
  });
  return actFor(context.app, {
    user: identity.user,
    origin: originOf(identity),
    admin: mayAct(identity.role, 'admin'),
    signal: AbortSignal.any([gone.signal, context.stopping]),
    emit: (event) => {
      if (event.type === 'note')
        request.log[event.level === 'warning' ? 'warn' : 'info']({ hint: event.hint }, event.message);
    },
  });
}
