import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { processStartTime } from '../io/index.ts';
import { isLost, orphanedScript, type RunOwner, thisProcess } from './run-owner.ts';

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
  it.each<[string, Partial<RunOwner>, string, boolean]>([
    ['we drive it ourselves', {}, justNow, false],
    ['its driver is gone', { pid: gone, startTime: '1' }, justNow, true],
    ['another process has its id now', { startTime: '1' }, justNow, true],
    ['its driver is gone, the script goes on', { pid: gone, script: we }, justNow, false],
    ['its driver and script are gone', { pid: gone, script: { pid: gone } }, justNow, true],
    ['the machine was started again since', { boot: 'another' }, justNow, true],
    ['it is in a container of this machine', { pidNamespace: 'another', pid: gone }, justNow, false],
    ['it is on another machine', { host: 'another', pid: gone, boot: 'another' }, justNow, false],
    ['it is on another machine and gives signs of life', { host: 'another', pid: gone }, justNow, false],
    ['it is on another machine and stopped giving signs', { host: 'another' }, longAgo, true],
    ['it is in a container and stopped giving signs', { pidNamespace: 'another' }, longAgo, true],
    ['it is here and alive, only slow', {}, longAgo, false],
    ['it is here, without start times, and gives signs of life', { startTime: undefined }, justNow, false],
    ['another process may have its id, and no sign of life comes', { startTime: undefined }, longAgo, true],
    ['the clock was set back meanwhile', { host: 'another' }, '2026-01-01T13:00:00.000Z', false],
  ])('when %s', (_title, owner, signOfLife, expected) => {
    expect(isLost({ ...here, ...owner }, signOfLife, time)).toBe(expected);
  });
});

describe('orphanedScript', () => {
  it.each<[string, Partial<RunOwner>, boolean]>([
    ['goes on without its driver', { pid: gone, script: we }, true],
    ['has its driver', { script: we }, false],
    ['is gone, too', { pid: gone, script: { pid: gone } }, false],
    ['was never started', { pid: gone }, false],
    ['is on another machine, where ids mean others', { host: 'another', pid: gone, script: we }, false],
    ['is in a container', { pidNamespace: 'another', pid: gone, script: we }, false],
    ['ran before the machine was started again', { boot: 'another', pid: gone, script: we }, false],
  ])('when the script %s', (_title, owner, expected) => {
    expect(orphanedScript({ ...here, ...owner })).toEqual(expected ? we : undefined);
  });
});
