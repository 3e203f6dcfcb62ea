import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isAppError } from '../errors/index.ts';
import { withFsErrors } from '../io/index.ts';
import { canonicalJson, type RunRecord } from '../schema/index.ts';
import { type CollectedSnapshot, collectSnapshot, restoreSnapshot, type SnapshotEntry } from '../snapshots/index.ts';
import type { Workspace } from '../workspace/index.ts';
import type { App } from './app.ts';
import type { RunCode } from './run-plan.ts';

/** What a snapshot may have. */
const maximumSize = 300e6;
const maximumFiles = 20_000;

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
  switch (code.kind) {
    case 'none':
      await withFsErrors(`make \`${copy}\``, () => mkdir(copy, { recursive: true }));
      return { folder: copy, snapshot: null, notes: [] };
    case 'stored':
      await layOut(workspace, code.entries, copy);
      return { folder: copy, snapshot: snapshotFacts(code), notes: [] };
    case 'copy': {
      const collected = await collectSnapshot(code.folder, { maximumSize, maximumFiles, signal: app.signal });
      const snapshot = await store(workspace, collected, code.folder);
      await layOut(workspace, collected.entries, copy);
      return { folder: copy, snapshot, notes: secretNotes(collected) };
    }
    case 'in-place':
      return await snapshotInPlace(app, workspace, code.folder);
  }
}

/** In place there is a script to run whatever the folder holds: a folder that is too large is noted, not refused. */
async function snapshotInPlace(app: App, workspace: Workspace, folder: string): Promise<PreparedCode> {
  try {
    const collected = await collectSnapshot(folder, { maximumSize, maximumFiles, signal: app.signal });
    return { folder, snapshot: await store(workspace, collected, folder), notes: secretNotes(collected) };
  } catch (error) {
    if (!isAppError(error, 'USAGE') && !isAppError(error, 'PERMISSION_DENIED')) throw error;
    const note = `no snapshot was taken: ${error.message}`;
    app.emit({ type: 'note', level: 'warning', message: note, hint: error.hint });
    return { folder, snapshot: null, notes: [note] };
  }
}

async function store(
  { blobs }: Workspace,
  collected: CollectedSnapshot,
  folder: string,
): Promise<NonNullable<RunRecord['snapshot']>> {
  for (const { type, path, digest } of collected.entries) {
    if (type === 'file' && !(await blobs.has(digest))) await blobs.putFile(join(folder, path));
  }
  const manifest = await blobs.put(canonicalJson({ format: 1, entries: collected.entries }));
  return { ...snapshotFacts({ ...collected, manifest: manifest.digest }) };
}

function snapshotFacts({
  digest,
  entries,
  manifest,
}: {
  digest: string;
  entries: readonly SnapshotEntry[];
  manifest: string;
}): NonNullable<RunRecord['snapshot']> {
  return { digest, files: entries.length, size: entries.reduce((sum, entry) => sum + entry.size, 0), manifest };
}

async function layOut({ blobs }: Workspace, entries: readonly SnapshotEntry[], folder: string): Promise<void> {
  await withFsErrors(`make \`${folder}\``, () => mkdir(folder, { recursive: true }));
  await restoreSnapshot(entries, folder, async (digest) => await blobs.read(digest));
}

function secretNotes({ secrets }: CollectedSnapshot): string[] {
  return secrets.length === 0
    ? []
    : [`left out of the snapshot because they hold secrets: ${secrets.slice(0, 20).join(', ')}`];
}
