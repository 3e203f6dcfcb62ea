import { readRecordLines } from '../store/index.ts';
import type { InstallPlan, PlanEntry } from './install-plan.ts';

/** Every file and link of a plan of wheels, those of the trees too. */
export function* listFiles({ trees, entries }: InstallPlan): Generator<PlanEntry> {
  for (const { owner, wheel, path, without } of trees) {
    if (wheel === undefined) continue;
    const executables = new Set(wheel.executables);
    for (const { path: file, sha256, size } of readRecordLines(wheel.record.toString('utf8'))) {
      if (without.has(file)) continue;
      const content = { kind: 'archive', sha256: wheel.sha256, file: `${wheel.folder}/${file}` } as const;
      yield { path: `${path}/${file}`, executable: executables.has(file), content, sha256, size, owner };
    }
  }
  yield* entries;
}
