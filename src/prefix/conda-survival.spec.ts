import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { placeholder } from '../../test/kit/conda-folder.ts';
import { type CondaMachine, condaPackage, createCondaMachine } from '../../test/kit/conda-machine.ts';

const child = join(import.meta.dirname, '../../test/kit/conda-child.ts');
const kills = 10;
const named = { text: placeholder, mode: 'text' } as const;

/** Enough files, links and bytes to rewrite that a kill hits the middle of something. */
const many = condaPackage({
  name: 'many',
  files: {
    ...Object.fromEntries(
      Array.from({ length: 400 }, (_, at) => [`lib/many/p${at % 30}/m${at}.py`, `value = ${at}\n`] as const),
    ),
    ...Object.fromEntries(
      Array.from({ length: 150 }, (_, at) => [
        `share/many/t${at}.pc`,
        { content: `prefix=${placeholder}\n`, placeholder: named },
      ]),
    ),
    'lib/many.so': {
      content: Buffer.concat([Buffer.from(`${placeholder}\0`), Buffer.alloc(12_000_000, 'data')]),
      placeholder: { text: placeholder, mode: 'binary' },
    },
  },
});
const packages = [many, condaPackage({ name: 'other', files: { 'share/other': 'x' } })];

describe('what a conda prefix survives', () => {
  let root: string;
  let folder: string;
  let machine: CondaMachine;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'terroir-conda-survival-'));
    folder = join(root, 'packages');
    mkdirSync(folder);
    for (const { made } of packages) writeFileSync(join(folder, made.filename), made.bytes);
    machine = createCondaMachine(join(root, 'store'));
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const start = (): { process: ChildProcess; answer: Promise<Record<string, unknown> | undefined> } => {
    const started = spawn(process.execPath, [child, join(root, 'store'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    started.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const answer = new Promise<Record<string, unknown> | undefined>((resolve) =>
      started.on('close', () => resolve(text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>))),
    );
    return { process: started, answer };
  };
  /** Whatever can be seen is whole. */
  const expectNothingHalf = async (): Promise<void> => {
    expect((await machine.store.verify({ repair: false })).damaged).toEqual([]);
    const whole = await machine.prefixes.list();
    for (const { key } of whole) expect((await machine.prefixes.verify(key)).damaged).toEqual([]);
    const shown = join(root, 'store', 'prefixes');
    expect(existsSync(shown) ? readdirSync(shown) : []).toEqual(whole.map(({ key }) => key));
  };

  it(`is killed ${kills} times at random moments; nothing half-made is seen`, { timeout: 300_000 }, async () => {
    const began = performance.now();
    expect(await start().answer).toMatchObject({ outcome: 'made' });
    const whole = performance.now() - began;
    let killed = 0;
    for (let round = 0; round < kills; round += 1) {
      if (round % 3 === 0) rmSync(join(root, 'store', 'unpacked'), { recursive: true, force: true });
      rmSync(join(root, 'store', 'prefixes'), { recursive: true, force: true });
      const { process: started, answer } = start();
      await delay(whole * (0.3 + 0.6 * Math.random()));
      if (started.kill('SIGKILL')) killed += 1;
      await answer;
      if (round % 4 === 0) await expectNothingHalf();
    }
    expect(killed).toBeGreaterThan(0);
    const { prefix } = await machine.install(packages);
    expect((await machine.prefixes.verify(prefix.key)).damaged).toEqual([]);
    expect(readFileSync(join(prefix.path, 'share/many/t7.pc'), 'utf8')).toBe(`prefix=${prefix.path}\n`);
    await expectNothingHalf();
  });

  it('is made once when processes race, and each gets all of it', { timeout: 120_000 }, async () => {
    const answers = await Promise.all(Array.from({ length: 3 }, async () => await start().answer));
    expect(answers.map((answer) => String(answer?.outcome)).toSorted()).toEqual(['cached', 'cached', 'made']);
    expect(answers.reduce((sum, answer) => sum + Number(answer?.plans), 0)).toBe(1);
    await expectNothingHalf();
  });
});
