import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/** A line of the system's process table. */
export interface ProcessLine {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** In clock ticks since boot. */
  startTime: number;
  /** Ended, and its parent has not looked yet. */
  zombie: boolean;
}

/** Linux counts in hundredths of a second for user programs, whatever the kernel's own clock does. */
const ticksPerSecond = 100;

/** Every process that we may see; undefined where there is no /proc. Synchronous: some microseconds a process, and a snapshot should be of one moment. */
export function processTable(): ProcessLine[] | undefined {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return undefined;
  }
  const lines: ProcessLine[] = [];
  for (const name of names) {
    const first = name.charCodeAt(0);
    if (first < 48 || first > 57) continue;
    const fields = statFields(name);
    if (fields === undefined) continue;
    lines.push({
      pid: Number(name),
      zombie: fields[0] === 'Z' || fields[0] === 'X',
      parent: Number(fields[1]),
      group: Number(fields[2]),
      session: Number(fields[3]),
      startTime: Number(fields[19]),
    });
  }
  return lines.length === 0 ? undefined : lines;
}

/** True if the process was started with this `NAME=value` in its environment, and we may see that. */
export function startedWith(pid: number, variable: string): boolean {
  const environment = readOrUndefined(`/proc/${pid}/environ`);
  return environment !== undefined && `\0${environment}`.includes(`\0${variable}\0`);
}

/** A process's memory in bytes: now, and the most that it ever had. */
export function processMemory(pid: number): { resident: number; peak: number } | undefined {
  const status = readOrUndefined(`/proc/${pid}/status`);
  const resident = kibibytes(status, /^VmRSS:\s*(\d+) kB/m);
  const peak = kibibytes(status, /^VmHWM:\s*(\d+) kB/m);
  return resident === undefined || peak === undefined ? undefined : { resident, peak };
}

/** Memory in bytes, with pages that several processes share divided among them. The kernel walks all pages for it: milliseconds for each GB. */
export function sharedOutMemory(pid: number): number | undefined {
  return kibibytes(readOrUndefined(`/proc/${pid}/smaps_rollup`), /^Pss:\s*(\d+) kB/m);
}

/** Seconds of CPU that our ended children, and theirs that they waited for, have used so far. */
export function childrenCpu(): { user: number; system: number } | undefined {
  const fields = statFields('self');
  return fields === undefined
    ? undefined
    : { user: Number(fields[13]) / ticksPerSecond, system: Number(fields[14]) / ticksPerSecond };
}

/** What follows the name, which may hold blanks and brackets: field 0 is the state. */
function statFields(pid: string): string[] | undefined {
  const stat = readLine(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** A line has some hundred bytes, and is read for each process of the machine. */
const line = Buffer.allocUnsafe(4096);

/** With a third fewer calls of the system than reading a file to its end takes. */
function readLine(path: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return line.toString('latin1', 0, readSync(fd, line));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function kibibytes(text: string | undefined, pattern: RegExp): number | undefined {
  const value = pattern.exec(text ?? '')?.[1];
  return value === undefined ? undefined : Number(value) * 1024;
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
