import type { FastifyInstance } from 'fastify';
import { answerArmError } from './arm/error.ts';
import { armRoutes } from './arm/routes.ts';
import type { ServerContext } from './call-context.ts';
import type { Route } from './route.ts';
import { auditRoutes } from './routes/audit.ts';
import { blobRoutes, missingRoute } from './routes/blobs.ts';
import { buildRoutes } from './routes/builds.ts';
import { describeRoutes } from './routes/description.ts';
import { environmentRoutes } from './routes/environments.ts';
import { healthRoutes } from './routes/health.ts';
import { lockRoutes } from './routes/locks.ts';
import { loginRoutes } from './routes/login.ts';
import { machineRoutes } from './routes/machine.ts';
import { modelRoutes } from './routes/models.ts';
import { runRoutes } from './routes/runs.ts';
import { studioRoutes } from './routes/studio.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { versionRoutes } from './routes/versions.ts';

export interface RouteGroup {
  prefix: string;
  routes: readonly Route[];
  /** What its part of the server needs besides. */
  prepare?(scope: FastifyInstance): void;
}

/** Every route of the server. */
export function allRoutes(context: ServerContext): RouteGroup[] {
  const api = [
    ...environmentRoutes,
    ...versionRoutes(context),
    ...lockRoutes,
    ...runRoutes(context),
    ...buildRoutes(context),
    ...modelRoutes,
    ...tokenRoutes,
    ...auditRoutes,
    ...machineRoutes,
    missingRoute(context),
  ];
  const blobs = blobRoutes(context);
  const jobs = { maximumWaiting: context.limits.waitingRuns, wake: () => context.worker?.wake() };
  return [
    { prefix: '', routes: [...healthRoutes(context), ...studioRoutes(context), ...loginRoutes(context)] },
    { prefix: '/api/v1', routes: api },
    { prefix: '/api/v1', routes: blobs, prepare: takeAnyBody },
    {
      prefix: '',
      routes: armRoutes(context.workspaceName, jobs),
      prepare: (scope) => scope.setErrorHandler(answerArmError),
    },
    { prefix: '/api/v1', routes: describeRoutes([...api, ...blobs], context.app.version) },
  ];
}

/** Content is of any type, and its handler reads it by itself. */
function takeAnyBody(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
  scope.addHook('onRoute', (route) => {
    if (route.method === 'PUT') route.config = { ...route.config, readsBody: true };
  });
}
