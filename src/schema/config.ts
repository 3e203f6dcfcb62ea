import * as z from 'zod';

/** What a workspace was told in its settings file. */
export const WorkspaceSettings = z.object({
  /** Whether the workspace keeps the archives of completed runs, so that a replay does not depend on an index. */
  keepArchives: z.boolean(),
});
export type WorkspaceSettings = z.infer<typeof WorkspaceSettings>;

/** Without a settings file. */
export const defaultSettings: WorkspaceSettings = { keepArchives: true };
