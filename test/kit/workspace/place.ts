import type { Workspace } from '../../../src/workspace/index.ts';

/** Where a contract suite gets its workspaces from: one line for each kind of database. */
export interface WorkspacePlace {
  /** A workspace with nothing in it. */
  empty(user?: string): Promise<Workspace>;
  /** The one that `empty` gave last, opened once more. */
  again(user?: string): Promise<Workspace>;
  /** Closes and removes everything that was opened. */
  dispose(): Promise<void>;
}
