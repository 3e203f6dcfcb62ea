import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorkspace, type Workspace } from '../../../src/workspace/index.ts';
import type { WorkspacePlace } from './place.ts';

/** Workspaces in temporary folders. */
export function createSqlitePlace(): WorkspacePlace {
  const folders: string[] = [];
  const opened: Workspace[] = [];
  const open = async (folder: string, user: string): Promise<Workspace> => {
    const workspace = await openWorkspace(folder, { create: true, user });
    opened.push(workspace);
    return workspace;
  };
  return {
    empty: async (user = 'ann') => {
      const folder = await mkdtemp(join(tmpdir(), 'terroir-workspace-'));
      folders.push(folder);
      return await open(folder, user);
    },
    again: (user = 'ann') => open(folders.at(-1) ?? '', user),
    dispose: async () => {
      for (const workspace of opened.splice(0)) await workspace.close();
      for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
    },
  };
}
