import { isProcessAlive, signalGroup } from '../../io/index.ts';
import { runIdVariable } from '../run-variables.ts';
import { becomesEmpty, endLeftBehind, groupMembers, type ProcessGroup, signalMembers } from './group-members.ts';

export interface EndOptions {
  /** Between one signal and the next, harder one; 10 s if not given. */
  graceMs?: number;
  /** Finds those of its processes that went off into a session of their own. */
  runId?: string;
}

/**
 * Ends a recorded run's processes: SIGINT, after the grace SIGTERM, then SIGKILL. Returns when they have ended.
 * False if that process is gone already, or another one has its id.
 */
export async function endProcessGroup(
  { pid, startTime }: { pid: number; startTime: string | undefined },
  options: EndOptions = {},
): Promise<boolean> {
  if (!isProcessAlive(pid, startTime)) return false;
  const cookie = options.runId === undefined ? undefined : `${runIdVariable}=${options.runId}`;
  const group: ProcessGroup = { id: pid, since: Number(startTime ?? 0), cookie };
  const count = (): number => groupMembers(group, { daemons: false })?.length ?? (signalGroup(pid, 0) ? 1 : 0);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    signalMembers(group, signal);
    if (await becomesEmpty(count, options.graceMs ?? 10_000)) break;
  }
  await endLeftBehind(group);
  return true;
}
