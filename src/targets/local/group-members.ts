import { type ProcessLine, processTable, signalGroup, signalProcess, sleep, startedWith } from '../../io/index.ts';

/** How the processes of a run are known. */
export interface ProcessGroup {
  /** The id of the first process, of its group and its session. */
  id: number;
  /** In clock ticks since boot; 0 if unknown. */
  since: number;
  /** `NAME=value`: a variable that no other process has been started with. It finds those that left the session. */
  cookie: string | undefined;
}

/**
 * The living processes of a run: its group, its session (which shells with job control keep while they make groups of their own), and with
 * `daemons` those that went off into another session. Undefined where there is no /proc.
 */
export function groupMembers(group: ProcessGroup, options: { daemons: boolean }): ProcessLine[] | undefined {
  return processTable()?.filter((line) => {
    if (line.zombie || line.pid === process.pid) return false;
    if (line.group === group.id || line.session === group.id) return true;
    return (
      options.daemons &&
      group.cookie !== undefined &&
      line.startTime >= group.since &&
      startedWith(line.pid, group.cookie)
    );
  });
}

/** Signals everything that belongs to the run. A stopped process gets to act on it, too. */
export function signalMembers(group: ProcessGroup, signal: NodeJS.Signals): void {
  signalGroup(group.id, signal);
  const others = groupMembers(group, { daemons: true })?.filter((line) => line.group !== group.id) ?? [];
  for (const { pid } of others) signalProcess(pid, signal);
  if (signal === 'SIGTERM' || signal === 'SIGINT') signalGroup(group.id, 'SIGCONT');
}

const settleMs = 1000;
const graceMs = 2000;
const pollMs = 10;

/**
 * Ends what a script left behind, and answers how many processes that were. What is about to end by itself (a `tee` that writes its last lines)
 * gets a moment for it.
 */
export async function endLeftBehind(group: ProcessGroup): Promise<number> {
  const count = (): number => groupMembers(group, { daemons: true })?.length ?? (signalGroup(group.id, 0) ? 1 : 0);
  if (await becomesEmpty(count, settleMs)) return 0;
  const leftBehind = count();
  signalMembers(group, 'SIGTERM');
  if (!(await becomesEmpty(count, graceMs))) {
    signalMembers(group, 'SIGKILL');
    await becomesEmpty(count, graceMs);
  }
  return leftBehind;
}

/** True as soon as nothing is there any more, false after `withinMs`. */
export async function becomesEmpty(count: () => number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (let pause = pollMs; ; pause = Math.min(pause * 2, 100)) {
    if (count() === 0) return true;
    if (performance.now() >= deadline) return false;
    await sleep(pause);
  }
}
