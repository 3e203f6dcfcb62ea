import { AppError } from '../../errors/index.ts';
import type { Call } from '../route.ts';

export const provider = 'Microsoft.MachineLearningServices';
export const workspacesPath = `/subscriptions/:subscription/resourceGroups/:group/providers/${provider}/workspaces`;

/** The address of the workspace that a call is about, as the caller wrote it. */
export interface WorkspaceAddress {
  subscription: string;
  group: string;
  workspace: string;
}

/** Reads the workspace out of a call's path. @throws AppError WORKSPACE_NOT_FOUND for any but this server's. */
export type AddressOf = (params: Call['params']) => WorkspaceAddress;

/** Any subscription and resource group will do. */
export function createAddressOf(workspaceName: string): AddressOf {
  return ({ subscription = '', group = '', workspace = '' }) => {
    if (workspace.toLowerCase() === workspaceName.toLowerCase()) return { subscription, group, workspace };
    throw new AppError('WORKSPACE_NOT_FOUND', `there is no workspace \`${workspace}\` here`, {
      hint: `This server’s is \`${workspaceName}\`.`,
    });
  };
}

export function workspaceId({ subscription, group, workspace }: WorkspaceAddress): string {
  return `/subscriptions/${subscription}/resourceGroups/${group}/providers/${provider}/workspaces/${workspace}`;
}

export function environmentVersionId(address: WorkspaceAddress, name: string, version: string): string {
  return `${workspaceId(address)}/environments/${name}/versions/${encodeURIComponent(version)}`;
}
