import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { processStartTime } from '../io/index.ts';
import { isLost, type RunOwner, thisProcess } from './run-owner.ts';

/** The id of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  return child.pid ?? 0;
}

const time = '2026-01-01T12:00:00.000Z';
const justNow = '2026-01-01T11:58:00.000Z';
const longAgo = '2026-01-01T11:50:00.000Z';
const gone = await endedProcess();
const here = thisProcess();
const we = { pid: process.pid, startTime: processStartTime(process.pid) };

describe('isLost', () => {
  it.each<[string, Partial<RunOwner>, string | null, boolean]>([
    ['we drive it ourselves', {}, null, false],
    ['its driver is gone', { pid: gone, startTime: '1' }, null, true],
    ['another process has its id now', { startTime: '1' }, null, true],
    ['its driver is gone, the script goes on', { pid: gone, script: we }, null, false],
    ['its driver and script are gone', { pid: gone, script: { pid: gone } }, null, true],
    ['the machine was started again since', { boot: 'another' }, null, true],
    ['it is in a container of this machine', { pidNamespace: 'another', pid: gone }, null, false],
    ['it is on another machine', { host: 'another', pid: gone, boot: 'another' }, null, false],
    ['it is on another machine and gives signs of life', { host: 'another', pid: gone }, justNow, false],
    ['it is on another machine and stopped giving signs', { host: 'another' }, longAgo, true],
    ['it is in a container and stopped giving signs', { pidNamespace: 'another' }, longAgo, true],
    ['it is here and alive, only slow', {}, longAgo, false],
  ])('when %s', (_title, owner, heartbeatAt, expected) => {
    expect(isLost({ ...here, ...owner }, heartbeatAt, time)).toBe(expected);
  });
});
