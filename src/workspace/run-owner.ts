import * as z from 'zod';
import { isProcessAlive, processPlace, processStartTime } from '../io/index.ts';

const OwnerProcess = z.object({ pid: z.number().int(), startTime: z.string().optional() });

/** Who drives a run, or holds a lease. */
export const RunOwner = z.object({
  host: z.string(),
  boot: z.string().optional(),
  pidNamespace: z.string().optional(),
  /** The process that drives it. */
  pid: z.number().int(),
  startTime: z.string().optional(),
  /** The script's process, once it runs. */
  script: OwnerProcess.optional(),
});
export type RunOwner = z.infer<typeof RunOwner>;

/** Without a sign of life for so many milliseconds, a run on another machine counts as lost. */
const patience = 5 * 60_000;

export function thisProcess(): RunOwner {
  return { ...processPlace(), pid: process.pid, startTime: processStartTime(process.pid) };
}

/**
 * True if neither the driver nor the script is there any more. Of another machine or container we see no processes: there only a driver that
 * used to give signs of life and stopped is known to be gone.
 */
export function isLost(owner: RunOwner, heartbeatAt: string | null, time: string, limit = patience): boolean {
  const here = processPlace();
  if (owner.host === here.host) {
    if (owner.boot !== here.boot) return true;
    if (owner.pidNamespace === here.pidNamespace) return !isThere(owner) && !isThere(owner.script);
  }
  return heartbeatAt !== null && Date.parse(time) - Date.parse(heartbeatAt) > limit;
}

function isThere(process: z.infer<typeof OwnerProcess> | undefined): boolean {
  return process !== undefined && isProcessAlive(process.pid, process.startTime);
}
