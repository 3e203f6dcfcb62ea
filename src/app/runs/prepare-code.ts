import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isAppError } from '../../errors/index.ts';
import { withFsErrors } from '../../io/index.ts';
import type { RunRecord } from '../../schema/index.ts';
import {
  collectSnapshot,
  parseManifest,
  restoreSnapshot,
  type Snapshot,
  snapshotManifest,
} from '../../snapshots/index.ts';
import type { Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import type { RunCode } from './run-plan.ts';

export interface PreparedCode {
  /** Where the script runs. */
  folder: string;
  snapshot: RunRecord['snapshot'];
  notes: string[];
}

/** Takes the snapshot and lays the code out, where it isn't run in place. */
export async function prepareCode(
  app: App,
  workspace: Workspace,
  code: RunCode,
  runFolder: string,
): Promise<PreparedCode> {
  const copy = join(runFolder, 'code');
  const { blobs } = workspace;
  switch (code.kind) {
    case 'none':
      await withFsErrors(`make \`${copy}\``, () => mkdir(copy, { recursive: true }));
      return { folder: copy, snapshot: null, notes: [] };
    case 'stored': {
      const entries = parseManifest((await blobs.read(code.snapshot.digest)).toString('utf8'));
      await restoreSnapshot(entries, blobs, copy);
      return { folder: copy, snapshot: code.snapshot, notes: [] };
    }
    case 'copy': {
      const collected = await collect(app, workspace, code.folder);
      await restoreSnapshot(collected.entries, blobs, copy);
      return { folder: copy, snapshot: factsOf(collected), notes: secretNotes(collected) };
    }
    case 'in-place':
      return await snapshotInPlace(app, workspace, code.folder);
  }
}

/** In place there is a script to run whatever the folder holds: a folder that is too large is noted, not refused. */
async function snapshotInPlace(app: App, workspace: Workspace, folder: string): Promise<PreparedCode> {
  try {
    const collected = await collect(app, workspace, folder);
    return { folder, snapshot: factsOf(collected), notes: secretNotes(collected) };
  } catch (error) {
    if (!isAppError(error, 'SNAPSHOT_TOO_LARGE') && !isAppError(error, 'PERMISSION_DENIED')) throw error;
    const note = `no snapshot was taken: ${error.message}`;
    app.emit({ type: 'note', level: 'warning', message: note, hint: error.hint });
    return { folder, snapshot: null, notes: [note] };
  }
}

async function collect(app: App, { blobs }: Workspace, folder: string): Promise<Snapshot> {
  const exclude = [app.workspaceFolder, app.storeFolder];
  const collected = await collectSnapshot(folder, { keep: blobs, exclude, signal: app.signal });
  // Its digest is the manifest's, so the record needs no other key to it.
  await blobs.put(snapshotManifest(collected.entries));
  return collected;
}

function factsOf({ digest, files, size }: Snapshot): NonNullable<RunRecord['snapshot']> {
  return { digest, files, size };
}

function secretNotes({ leftOut }: Snapshot): string[] {
  const secrets = leftOut.filter(({ reason }) => reason === 'secret').map(({ path }) => path);
  if (secrets.length === 0) return [];
  return [`left out of the snapshot because they hold secrets: ${secrets.slice(0, 20).join(', ')}`];
}
