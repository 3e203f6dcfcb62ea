import * as z from 'zod';

/** What a workspace was told in its settings file. */
export const WorkspaceSettings = z.object({
  /** Whether the workspace keeps the archives of completed runs, so that a replay does not depend on an index. */
  keepArchives: z.boolean(),
  /** A registry, with or without a path, that may have images and locks ready: `registry.example/curated`. Null for none. */
  globalRegistry: z.string().nullable(),
});
export type WorkspaceSettings = z.infer<typeof WorkspaceSettings>;

/** Without a settings file. */
export const defaultSettings: WorkspaceSettings = { keepArchives: true, globalRegistry: null };
