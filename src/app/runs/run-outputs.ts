import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pathExists, withFsErrors } from '../../io/index.ts';
import { expandName } from '../../jobs/index.ts';
import type { JobOutput, RecordedOutput } from '../../schema/index.ts';
import { hashTree } from '../../snapshots/index.ts';
import type { RunPlan } from './run-plan.ts';

/** Makes the places that a job writes to: of the run with that id. */
export async function prepareOutputs(
  outputs: Readonly<Record<string, JobOutput>>,
  { folder, id }: { folder: string; id: string },
): Promise<{ values: Record<string, string>; recorded: Record<string, RecordedOutput> }> {
  const values: Record<string, string> = {};
  const recorded: Record<string, RecordedOutput> = {};
  for (const [name, { type, path: wanted }] of Object.entries(outputs)) {
    const path = wanted === undefined ? undefined : expandName(wanted, id);
    const target = path ?? join(folder, 'outputs', name);
    const parent = type === 'uri_file' ? join(target, '..') : target;
    await withFsErrors(`make \`${parent}\``, () => mkdir(parent, { recursive: true }));
    values[name] = target;
    recorded[name] = { type, path: path ?? `outputs/${name}` };
  }
  return { values, recorded };
}

/** A script that writes to `./outputs`, as Azure ML's do, writes to the run's outputs. */
export async function linkOutputs(code: string, kind: RunPlan['code']['kind']): Promise<void> {
  if (kind === 'in-place' || (await pathExists(join(code, 'outputs')))) return;
  await symlink('../outputs', join(code, 'outputs')).catch(() => undefined);
}

/** With digests and sizes, of what the script wrote. */
export async function measureOutputs(
  outputs: Readonly<Record<string, RecordedOutput>>,
  folder: string,
): Promise<Record<string, RecordedOutput>> {
  const measured: Record<string, RecordedOutput> = {};
  for (const [name, output] of Object.entries(outputs)) {
    const path = output.path.startsWith('/') ? output.path : join(folder, output.path);
    if (await pathExists(path)) {
      const { digest, size, files } = await hashTree(path);
      measured[name] = { ...output, digest, size, files };
    } else measured[name] = output;
  }
  return measured;
}
