import { readdirSync, readFileSync } from 'node:fs';
import type { ResourceUse } from '../schema/index.ts';

/** Linux counts CPU time in these per second. */
const ticksPerSecond = 100;
const sampleEvery = 200;

export interface ResourceMeter {
  /** Follows a process and those of its group. */
  watch(pid: number): void;
  stop(): ResourceUse;
}

/**
 * Measures a child: wall time; CPU time of it and all that it waited for, which the kernel adds to ours when it ends; and the peak of its group's
 * memory, sampled. Where there is no /proc, only wall time.
 */
export function createResourceMeter(): ResourceMeter {
  const startedAt = performance.now();
  const before = childTimes();
  let peak: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const sample = (group: number): void => {
    const bytes = groupMemory(group);
    if (bytes > 0) peak = Math.max(peak ?? 0, bytes);
  };
  return {
    watch: (pid) => {
      setTimeout(() => sample(pid), 20).unref();
      timer = setInterval(() => sample(pid), sampleEvery);
      timer.unref();
    },
    stop: () => {
      clearInterval(timer);
      const after = childTimes();
      return {
        wall: round((performance.now() - startedAt) / 1000),
        userCpu: round((after.user - before.user) / ticksPerSecond),
        systemCpu: round((after.system - before.system) / ticksPerSecond),
        maxMemory: peak,
      };
    },
  };
}

function childTimes(): { user: number; system: number } {
  try {
    const fields = statFields(readFileSync('/proc/self/stat', 'utf8'));
    return { user: Number(fields[13]), system: Number(fields[14]) };
  } catch {
    return { user: 0, system: 0 };
  }
}

/** Resident bytes of a process group. */
function groupMemory(group: number): number {
  let pages = 0;
  let names: string[] = [];
  try {
    names = readdirSync('/proc');
  } catch {
    return 0;
  }
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = statFields(readFileSync(`/proc/${name}/stat`, 'utf8'));
      if (Number(fields[2]) === group) pages += Number(fields[21]);
    } catch {
      // It ended in between.
    }
  }
  return pages * 4096;
}

/** The fields after the program's name; field 0 is the state. */
function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
