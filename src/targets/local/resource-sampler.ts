import { childrenCpu, processMemory, sharedOutMemory } from '../../io/index.ts';
import type { ResourceUse } from '../../schema/index.ts';
import { groupMembers, type ProcessGroup } from './group-members.ts';

/** Short scripts are looked at early, long ones seldom. */
const firstPauses = [10, 30, 60, 100];
const pauseMs = 200;
/** After the first moments, looking costs at most this part of the time. */
const share = 0.02;

export interface ResourceSampler {
  watch(group: ProcessGroup): void;
  /** To call when the script has ended. Undefined where the system does not tell. */
  finish(): ResourceUse | undefined;
}

/**
 * Measures what a script uses. Time of CPU is exact for the script and all that it waited for (other children of ours that end meanwhile count
 * too); memory is the largest of its processes' own peaks and of their sums when we looked.
 */
export function startResourceSampler(): ResourceSampler {
  const startedAt = performance.now();
  const before = childrenCpu();
  let maxMemory = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = (group: ProcessGroup, round: number): void => {
    const beginning = performance.now();
    maxMemory = Math.max(maxMemory, memoryOf(group, maxMemory));
    const cost = performance.now() - beginning;
    timer = setTimeout(() => look(group, round + 1), firstPauses[round] ?? Math.max(pauseMs, cost / share));
  };
  return {
    watch: (group) => {
      timer = setTimeout(() => look(group, 1), firstPauses[0]);
    },
    finish: () => {
      clearTimeout(timer);
      const after = childrenCpu();
      if (before === undefined || after === undefined) return undefined;
      return {
        wall: rounded((performance.now() - startedAt) / 1000),
        userCpu: rounded(after.user - before.user),
        systemCpu: rounded(after.system - before.system),
        ...(maxMemory === 0 ? {} : { maxMemory }),
      };
    },
  };
}

function memoryOf(group: ProcessGroup, known: number): number {
  const members = groupMembers(group, { daemons: false }) ?? [];
  const memories = members.flatMap(({ pid }) => {
    const memory = processMemory(pid);
    return memory === undefined ? [] : [{ pid, ...memory }];
  });
  const largest = Math.max(0, ...memories.map(({ peak }) => peak));
  const sum = memories.reduce((total, { resident }) => total + resident, 0);
  if (memories.length < 2 || sum <= Math.max(known, largest)) return largest;
  // Forked workers share most of their pages; only a sum that would be a new peak is worth the kernel's exact count.
  const exact = memories.reduce(
    (total, { pid }) => total + (sharedOutMemory(pid) ?? processMemory(pid)?.resident ?? 0),
    0,
  );
  return Math.max(largest, exact);
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
