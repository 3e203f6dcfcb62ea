import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorkspace, type Workspace } from '../../../src/workspace/index.ts';
import type { PostgresServer } from '../postgres.ts';
import type { WorkspacePlace } from './place.ts';

/** Workspaces whose records are in PostgreSQL, each in a database of its own. */
export function createPostgresPlace(server: () => PostgresServer): WorkspacePlace {
  const places: { folder: string; database: string }[] = [];
  const opened: Workspace[] = [];
  const open = async (user: string): Promise<Workspace> => {
    const { folder = '', database } = places.at(-1) ?? {};
    const workspace = await openWorkspace(folder, { create: true, user, database });
    opened.push(workspace);
    return workspace;
  };
  return {
    empty: async (user = 'ann') => {
      const folder = await mkdtemp(join(tmpdir(), 'terroir-workspace-'));
      places.push({ folder, database: await server().createDatabase() });
      return await open(user);
    },
    again: (user = 'ann') => open(user),
    dispose: async () => {
      for (const workspace of opened.splice(0)) await workspace.close();
      for (const { folder } of places.splice(0)) await rm(folder, { recursive: true, force: true });
    },
  };
}
