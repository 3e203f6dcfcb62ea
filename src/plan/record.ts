import { readRecordLines, recordLines, type UnpackedWheel } from '../store/index.ts';
import { generated } from './generated-entry.ts';
import type { PlanEntry, PlanTree } from './install-plan.ts';

/** RECORD of an installed package: what the wheel brought, then what was made here or put elsewhere, then itself. */
export function recordEntry(
  { owner, wheel, path, without }: PlanTree & { wheel: UnpackedWheel },
  own: readonly PlanEntry[],
): PlanEntry {
  const kept =
    without.size === 0
      ? wheel.record
      : Buffer.from(
          recordLines(readRecordLines(wheel.record.toString('utf8')).filter((file) => !without.has(file.path))),
        );
  const listed = own
    .map((entry) => ({ ...entry, path: relativeTo(path, entry.path) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const rest = `${recordLines(listed)}${wheel.distInfo}/RECORD,,\n`;
  return generated(`${path}/${wheel.distInfo}/RECORD`, Buffer.concat([kept, Buffer.from(rest)]), owner);
}

function relativeTo(folder: string, path: string): string {
  return path.startsWith(`${folder}/`)
    ? path.slice(folder.length + 1)
    : `${'../'.repeat(folder.split('/').length)}${path}`;
}
