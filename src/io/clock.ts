import { setTimeout as delay } from 'node:timers/promises';

/** The time as ISO 8601 in UTC, with milliseconds. */
export function now(): string {
  return new Date().toISOString();
}

/** @throws the signal's own reason. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    throw signal?.reason ?? error;
  }
}
