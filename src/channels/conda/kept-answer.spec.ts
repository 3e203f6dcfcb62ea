import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { type CondaServer, condaRecord, startCondaServer } from '../../../test/kit/conda-records.ts';
import { makeSolvingMachine, type SolvingMachine } from '../../../test/kit/conda-solving.ts';
import { answerPath, type Question } from './kept-answer.ts';

const question: Question = {
  solver: '1',
  platform: 'linux-64',
  specs: ['a', 'b >=1'],
  channels: [{ url: 'https://conda.example/x', subdirs: undefined }],
  only: new Map([['a', new Set(['https://conda.example/x'])]]),
  virtualPackages: { __glibc: { version: '2.28', build: '0' } },
  locked: ['https://conda.example/x/noarch/a-1-0.conda'],
};

test.each<[string, Partial<Question>]>([
  ['solver', { solver: '2' }],
  ['platform', { platform: 'osx-64' }],
  ['specification', { specs: ['a', 'b >=2'] }],
  ['order of specifications', { specs: ['b >=1', 'a'] }],
  ['channel', { channels: [{ url: 'https://conda.example/y', subdirs: undefined }] }],
  ['second channel', { channels: [...question.channels, { url: 'https://conda.example/y', subdirs: undefined }] }],
  ['folder', { channels: [{ url: 'https://conda.example/x', subdirs: ['noarch'] }] }],
  ['bound name', { only: new Map() }],
  ['virtual package', { virtualPackages: { __glibc: { version: '2.17', build: '0' } } }],
  ['missing virtual package', { virtualPackages: {} }],
  ['locked package', { locked: [] }],
])('another %s is another question', (_what, change) => {
  expect(answerPath('/store', { ...question, ...change })).not.toBe(answerPath('/store', question));
});

test('what has no order makes no difference', () => {
  const one = { ...question, locked: ['x', 'y'] };
  expect(answerPath('/store', { ...one, locked: ['y', 'x'] })).toBe(answerPath('/store', one));
});

describe('an answer that was kept', () => {
  let server: CondaServer;
  let here: SolvingMachine;
  let count = 0;
  let channel: string;
  beforeAll(async () => {
    server = await startCondaServer();
    here = await makeSolvingMachine({ CONDA_CHANNEL_ALIAS: server.url });
  });
  afterAll(async () => {
    await server.close();
    await here.remove();
  });
  beforeEach(() => {
    count += 1;
    channel = `kept-${count}`;
    server.channel(channel, [condaRecord('a', '1.0', { depends: ['b'] }), condaRecord('b', '1.0')]);
    here.events.length = 0;
  });
  const folder = (): string => join(here.store.root, 'answers');
  const details = (): unknown[] => here.events.flatMap((event) => (event.type === 'step-finished' ? event.detail : []));
  const unchanged = ['unchanged', '2 packages'];

  it('is the answer, as long as the channel is the same', async () => {
    const first = await here.solve([channel], ['a']);
    here.events.length = 0;
    expect(await here.solve([channel], ['a'], { refresh: true })).toEqual(first);
    expect(details()).toEqual(unchanged);
    expect(await here.solve([channel], ['a'], { offline: true })).toEqual(first);
    expect(await here.names([channel], ['b'])).toEqual(['b 1.0']);
  });

  it('counts no more when the channel has something new', async () => {
    await here.solve([channel], ['a']);
    server.channel(channel, [condaRecord('a', '2.0'), condaRecord('b', '1.0')]);
    expect(await here.names([channel], ['a'], { refresh: true })).toEqual(['a 2.0']);
    here.events.length = 0;
    expect(await here.names([channel], ['a'])).toEqual(['a 2.0']);
    expect(details()).toEqual(['unchanged', '1 package']);
  });

  it('is nothing if it is damaged', async () => {
    const before = new Set(readdirSync(folder()));
    const first = await here.solve([channel], ['a']);
    const path = join(folder(), readdirSync(folder()).find((each) => !before.has(each)) ?? '');
    const text = readFileSync(path, 'utf8');
    for (const damaged of ['', '{}', text.slice(0, -2), text.replace('"1.0"', '"9.0"')]) {
      writeFileSync(path, damaged);
      here.events.length = 0;
      expect(await here.solve([channel], ['a'])).toEqual(first);
      expect(details()).toEqual(['2 records', '2 packages']);
    }
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('is not kept where something has to be told, or where the configuration plays a part', async () => {
    const lying = { ...condaRecord('a', '2.0'), record: condaRecord('y', '2.0').record };
    const asking = condaRecord('c', '1.0', { depends: [`${channel}::b`] });
    server.channel(channel, [lying, condaRecord('a', '1.0'), asking, condaRecord('b', '1.0')]);
    for (let round = 0; round < 2; round += 1) {
      here.events.length = 0;
      await here.solve([channel], ['a']);
      expect(here.events.find(({ type }) => type === 'note')).toMatchObject({ level: 'warning' });
      here.events.length = 0;
      await here.solve([channel], ['c']);
      expect(details()).toEqual(['2 records', '2 packages']);
    }
  });

  it('goes when nobody used it for long', async () => {
    await here.solve([channel], ['a']);
    const names = readdirSync(folder());
    const old = new Date(Date.now() - 30 * 86_400_000);
    for (const name of names) utimesSync(join(folder(), name), old, old);
    await here.solve([channel], ['a']);
    expect(await here.store.describe()).toMatchObject({ answers: { count: names.length } });
    const { removed } = await here.store.gc({ keepArchives: new Set(), olderThanDays: 7 });
    expect(removed.count).toBe(names.length - 1);
    expect(readdirSync(folder())).toHaveLength(1);
  });
});
