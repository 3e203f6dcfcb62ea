import type { Route } from '../route.ts';
import { createAddressOf } from './address.ts';
import { environmentRoutes } from './environment-routes.ts';
import { type JobContext, jobRoutes } from './job-routes.ts';
import { modelRoutes } from './model-routes.ts';
import { storageRoutes } from './storage-routes.ts';
import { workspaceRoutes } from './workspace-routes.ts';

/**
 * A workspace as Azure ML's resource manager has it, so that its own clients manage ours. Any subscription and resource group will do; the
 * workspace is this server's.
 */
export function armRoutes(workspaceName: string, context: JobContext): Route[] {
  const addressOf = createAddressOf(workspaceName);
  return [
    ...workspaceRoutes(addressOf, workspaceName),
    ...environmentRoutes(addressOf),
    ...jobRoutes(addressOf, context),
    ...modelRoutes(addressOf),
    ...storageRoutes(addressOf),
  ];
}
