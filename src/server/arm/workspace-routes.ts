import { type Route, route } from '../route.ts';
import { type AddressOf, workspacesPath } from './address.ts';
import { asAzure as answers } from './answers.ts';
import { ArmQuery } from './requests.ts';
import { workspaceResource } from './resources.ts';

const tag = 'azure';

/** The workspace, as far as Azure's clients ask for it. */
export function workspaceRoutes(addressOf: AddressOf, workspaceName: string): Route[] {
  return [
    route({
      method: 'GET',
      path: workspacesPath,
      role: 'reader',
      id: 'armListWorkspaces',
      tag,
      summary: 'List workspaces: there is one',
      query: ArmQuery,
      answers,
      handle: async ({ params }) => ({
        body: { value: [workspaceResource(addressOf({ ...params, workspace: workspaceName }))] },
      }),
    }),
    route({
      method: 'GET',
      path: `${workspacesPath}/:workspace`,
      role: 'reader',
      id: 'armGetWorkspace',
      tag,
      summary: 'Show the workspace',
      query: ArmQuery,
      answers,
      handle: async ({ params }) => ({ body: workspaceResource(addressOf(params)) }),
    }),
  ];
}
