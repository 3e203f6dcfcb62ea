import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Where a process id means something. */
export interface ProcessPlace {
  host: string;
  /** Changes with each start of the machine. Undefined where there is no /proc. */
  boot?: string;
  /** Containers count their processes apart. */
  pidNamespace?: string;
}

let known: ProcessPlace | undefined;

export function processPlace(): ProcessPlace {
  known ??= {
    host: hostname(),
    boot: orUndefined(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: orUndefined(() => readlinkSync('/proc/self/ns/pid')),
  };
  return known;
}

function orUndefined(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
