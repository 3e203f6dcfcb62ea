import type { Command } from './command.ts';

interface Entry {
  summary: string;
  /** It goes on until somebody ends it. */
  isService: boolean;
  load(): Promise<Command>;
}

const entry = (summary: string, load: () => Promise<{ command: Command }>): Entry => ({
  summary,
  isService: false,
  load: async () => (await load()).command,
});

const service: typeof entry = (summary, load) => ({ ...entry(summary, load), isService: true });

/** Every command. Only the one that is called gets loaded; the summaries are here for the first page of help. */
export const commands: Readonly<Record<string, Entry>> = {
  'env create': entry(
    'Register an environment version from a file or from options',
    () => import('./commands/env-create.ts'),
  ),
  'env list': entry('List environments', () => import('./commands/env-list.ts')),
  'env show': entry('Show a version: definition, fingerprint, lock', () => import('./commands/env-show.ts')),
  'env update': entry('Change description and tags', () => import('./commands/env-update.ts')),
  'env archive': entry('Hide an environment or a version from lists', () => import('./commands/env-archive.ts')),
  'env restore': entry('Bring an archived one back', () => import('./commands/env-restore.ts')),
  'env delete': entry('Delete a version that nothing used', () => import('./commands/env-delete.ts')),
  'env clone': entry('Make a new environment from an existing one', () => import('./commands/env-clone.ts')),
  'env diff': entry('Compare two versions: definition, packages, image layers', () => import('./commands/env-diff.ts')),
  'env check': entry('Analyse a definition; `--fix` repairs it', () => import('./commands/env-check.ts')),
  'env capture': entry('Make a version from an environment that is there', () => import('./commands/env-capture.ts')),
  'env lock': entry('Resolve, show, move and export the lock', () => import('./commands/env-lock.ts')),
  'env prefix': entry('Materialise on this machine and print the path', () => import('./commands/env-prefix.ts')),
  'env exec': entry('Run a command in an environment, without a record', () => import('./commands/env-exec.ts')),
  'env shell': entry('Open a shell in an environment', () => import('./commands/env-shell.ts')),
  'env kernel': entry('Install a Jupyter kernel for an environment', () => import('./commands/env-kernel.ts')),
  'env build': entry('Compose the image, or take it from a cache', () => import('./commands/env-build.ts')),
  'env image': entry('Show the image of a version: digest, base, layers', () => import('./commands/env-image.ts')),
  'image validate': entry(
    'Check an image: every byte, and what engines refuse',
    () => import('./commands/image-validate.ts'),
  ),
  'image copy': entry(
    'Copy an image between registries, layouts and archives',
    () => import('./commands/image-copy.ts'),
  ),
  'env share': entry(
    'Copy a version with its locks and image to a workspace or registry',
    () => import('./commands/env-share.ts'),
  ),
  'catalog publish': entry(
    'Build the curated environments and bring them to a registry',
    () => import('./commands/catalog-publish.ts'),
  ),
  'env save': entry('Write a version as a v1 folder', () => import('./commands/env-save.ts')),
  'env load': entry('Register a version from a v1 folder', () => import('./commands/env-load.ts')),
  run: entry('Run a script in an environment, and record it', () => import('./commands/run.ts')),
  'runs list': entry('List runs, newest first', () => import('./commands/runs-list.ts')),
  'runs show': entry('Show the record of a run', () => import('./commands/runs-show.ts')),
  'runs logs': entry('Print what a run printed', () => import('./commands/runs-logs.ts')),
  'runs cancel': entry('End a run', () => import('./commands/runs-cancel.ts')),
  'runs replay': entry('Repeat a run: same snapshot, same packages', () => import('./commands/runs-replay.ts')),
  'model register': entry('Register an output of a run as a model', () => import('./commands/model-register.ts')),
  'model list': entry('List models', () => import('./commands/model-list.ts')),
  'model show': entry('Show a model and the environment that trained it', () => import('./commands/model-show.ts')),
  'cache show': entry('Show what this machine keeps', () => import('./commands/cache-show.ts')),
  'cache verify': entry(
    'Check every file that is kept; damaged ones are dropped',
    () => import('./commands/cache-verify.ts'),
  ),
  'cache gc': entry('Remove what no lock needs', () => import('./commands/cache-gc.ts')),
  serve: service('Serve the workspace to a team: API and docs on one port', () => import('./commands/serve.ts')),
  worker: service(
    'Do the runs and builds that a server takes in, on this machine',
    () => import('./commands/worker.ts'),
  ),
  'token create': entry('Make a token for somebody; it is shown once', () => import('./commands/token-create.ts')),
  'token list': entry('List tokens', () => import('./commands/token-list.ts')),
  'token revoke': entry('Revoke a token', () => import('./commands/token-revoke.ts')),
  'audit list': entry('List who did what', () => import('./commands/audit-list.ts')),
  'audit verify': entry('Check that nobody changed the audit trail', () => import('./commands/audit-verify.ts')),
  'audit export': entry('Print the audit trail, one JSON a line', () => import('./commands/audit-export.ts')),
  'compute list': entry('List where runs can happen', () => import('./commands/compute-list.ts')),
  backup: entry('Copy the workspace into a file', () => import('./commands/backup.ts')),
  restore: entry('Make a workspace of a backup', () => import('./commands/restore.ts')),
  doctor: entry('Say what works on this machine, and how to get the rest', () => import('./commands/doctor.ts')),
};
