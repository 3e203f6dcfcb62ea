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

/** Without a sign of life for so many milliseconds, a run whose processes cannot be seen counts as lost. */
const patience = 5 * 60_000;

export function thisProcess(): RunOwner {
  return { ...processPlace(), pid: process.pid, startTime: processStartTime(process.pid) };
}

/**
 * True if neither the driver nor the script is there any more. Of another machine or container we see no processes, and where processes have no
 * start time a later one may have the driver's id: there a driver that stopped giving signs of life is gone.
 */
export function isLost(owner: RunOwner, signOfLifeAt: string, time: string, limit = patience): boolean {
  const silent = Date.parse(time) - Date.parse(signOfLifeAt) > limit;
  if (owner.host === processPlace().host && owner.boot !== processPlace().boot) return true;
  if (!isHere(owner)) return silent;
  if (!isThere(owner) && !isThere(owner.script)) return true;
  return owner.startTime === undefined && silent;
}

/** True if its process ids mean ours. */
export function isHere(owner: RunOwner): boolean {
  const { host, boot, pidNamespace } = processPlace();
  return owner.host === host && owner.boot === boot && owner.pidNamespace === pidNamespace;
}

/** The script's process on this machine, if it goes on without its driver. */
export function orphanedScript(owner: RunOwner): { pid: number; startTime?: string } | undefined {
  return isHere(owner) && !isThere(owner) && isThere(owner.script) ? owner.script : undefined;
}

function isThere(process: z.infer<typeof OwnerProcess> | undefined): boolean {
  return process !== undefined && isProcessAlive(process.pid, process.startTime);
}
