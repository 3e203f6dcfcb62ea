import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors/index.ts';
import { createLogWriter } from './log-writer.ts';

const kib = Buffer.alloc(1024, 'x');

/** A place for pieces that takes them in when it is told to. */
function createPlace() {
  const pieces: string[] = [];
  const gate = { open: Promise.withResolvers<void>() };
  return {
    pieces,
    size: () => pieces.reduce((sum, { length }) => sum + length, 0),
    put: async (bytes: Buffer) => {
      await gate.open.promise;
      pieces.push(bytes.toString());
    },
    open: () => gate.open.resolve(),
    break: (error: Error) => gate.open.reject(error),
  };
}

describe('a writer of pieces', () => {
  it('hands on at once what comes after a pause, and gathers what comes then', async () => {
    const place = createPlace();
    place.open();
    const log = createLogWriter(place.put);
    await log.write(Buffer.from('a'));
    await sleep(50);
    expect(place.pieces).toEqual(['a']);
    for (const letter of 'bcd') await log.write(Buffer.from(letter));
    await sleep(50);
    expect(place.pieces).toEqual(['a']);
    await expect.poll(() => place.pieces).toEqual(['a', 'bcd']);
    await log.write(Buffer.alloc(200_000, 'e'));
    await log.close();
    expect(place.pieces.map(({ length }) => length)).toEqual([1, 3, 65_536, 65_536, 65_536, 3392]);
  });

  it('lets those wait who write faster than the place takes it in', async () => {
    const place = createPlace();
    const log = createLogWriter(place.put);
    let written = 0;
    const writing = (async () => {
      for (; written < 4096; written += 1) await log.write(kib);
    })();
    await sleep(100);
    expect(written).toBe(1024);
    place.open();
    await writing;
    expect(await log.close()).toBeUndefined();
    expect(place.size()).toBe(4096 * 1024);
  });

  it('drops what those write who do not wait, once it is too much, and says so', async () => {
    const place = createPlace();
    const log = createLogWriter(place.put);
    for (let each = 0; each < 40 * 1024; each += 1) void log.write(kib);
    place.open();
    expect(await log.close()).toMatchObject({ message: 'the database does not take it in as fast as it comes' });
    expect(place.size()).toBe(32 << 20);
  });

  it('holds nobody up after a failure', async () => {
    const place = createPlace();
    const log = createLogWriter(place.put);
    const writing = log.write(Buffer.alloc(2 << 20));
    place.break(new AppError('DISK_FULL', 'the disk is full'));
    await writing;
    await log.write(kib);
    expect(await log.close()).toMatchObject({ code: 'DISK_FULL' });
    expect(await log.close()).toMatchObject({ code: 'DISK_FULL' });
  });
});
