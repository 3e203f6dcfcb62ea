import { join } from 'node:path';
import { AppError } from '../../errors/index.ts';
import { listFolder, pathExists, removeTree, renameOver } from '../../io/index.ts';
import type { RunRecord } from '../../schema/index.ts';
import { hashTree, parseManifest, restoreSnapshot, snapshotManifest } from '../../snapshots/index.ts';
import type { Workspace } from '../../workspace/index.ts';
import type { App } from '../app.ts';
import { patientlyKeep } from '../tasks/patiently.ts';
import { orNote } from './or-note.ts';

/** How a note begins of outputs that could not be kept. */
export const onlyThere = 'its outputs are only on the machine that ran it';

/**
 * Keeps what a run wrote into its outputs, for machines that do not see its folder. What goes wrong stands in the notes, and is no reason for the run to
 * fail: the folder is still here.
 */
export async function keepOutputs(
  app: App,
  workspace: Workspace,
  { id, folder, notes }: { id: string; folder: string; notes: string[] },
): Promise<RunRecord['keptOutputs']> {
  const path = join(folder, 'outputs');
  const keep = async (): Promise<RunRecord['keptOutputs']> => {
    const { entries, files, size } = await hashTree(path, { keep: workspace.blobs });
    if (entries.length === 0) return null;
    const { digest } = await workspace.blobs.put(snapshotManifest(entries));
    return { digest, files, size };
  };
  const problem = `${onlyThere}, in \`${path}\``;
  const kept = await orNote(app, { notes, problem }, async () => await patientlyKeep(app, `the run ${id}`, keep));
  return kept ?? null;
}

/** Lays the outputs of a run that ended elsewhere out in its folder here. Nothing where they are here, or are not kept. */
export async function bringOutputs(workspace: Workspace, { id, keptOutputs }: RunRecord): Promise<void> {
  const path = join(workspace.runFolder(id), 'outputs');
  if (keptOutputs === null || (await pathExists(path))) return;
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const list = (await workspace.blobs.read(keptOutputs.digest)).toString('utf8');
    await restoreSnapshot(parseManifest(list), workspace.blobs, temporary);
    if (!(await renameOver(temporary, path)) && !(await pathExists(path)))
      throw new AppError('BUSY', `the outputs of the run ${id} could not be laid out in \`${path}\``);
  } finally {
    await removeTree(temporary);
  }
}

/** Takes the folder of a run away that has ended, if nothing is in it alone: a worker must not fill up. */
export async function forgetFolder(workspace: Workspace, id: string): Promise<void> {
  const folder = workspace.runFolder(id);
  await removeTree(join(folder, 'code'));
  const { keptOutputs } = await workspace.runs.get(id);
  const isEmpty = (await listFolder(join(folder, 'outputs'))).length === 0;
  if (keptOutputs !== null || isEmpty) await removeTree(folder);
}
