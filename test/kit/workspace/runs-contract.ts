import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRunId, type EnvironmentVersion, type Workspace } from '../../../src/workspace/index.ts';
import type { WorkspacePlace } from './place.ts';
import { allPages, registerSample, sampleModel, sampleRun } from './samples.ts';

/** What every database has to do for runs. */
export function runsContract(place: WorkspacePlace): void {
  describe('runs', () => {
    let workspace: Workspace;
    let version: EnvironmentVersion;
    beforeEach(async () => {
      workspace = await place.empty();
      version = await registerSample(workspace, 'iris');
    });
    afterEach(() => place.dispose());
    const create = async (id: string, more: Parameters<typeof sampleRun>[2] = {}) => {
      const record = sampleRun(id, version, more);
      await workspace.runs.create(record, version.id);
      return record;
    };

    it('keeps the record as it was given', async () => {
      const record = await create('brisk_otter_22222', {
        environmentVariables: { A: 'ü', TOKEN: { secret: '0123456789abcdef' } },
        command: 'python train.py --rate ${{inputs.rate}}',
        inputs: { rate: { type: 'number', value: 0.1 } },
      });
      expect(await workspace.runs.get('brisk_otter_22222')).toEqual(record);
      expect(await (await place.again()).runs.get('brisk_otter_22222')).toEqual(record);
    });

    it('changes a run until it ends, and never after', async () => {
      const before = await create('brisk_otter_22222');
      const running = await workspace.runs.update('brisk_otter_22222', { status: 'Running', prefix: '/p' });
      expect(running).toEqual({ ...before, status: 'Running', prefix: '/p' });
      const ended = await workspace.runs.update('brisk_otter_22222', { status: 'Completed', exitCode: 0 });
      expect(ended).toEqual({ ...running, status: 'Completed', exitCode: 0 });
      for (const change of [{ status: 'Running' as const }, { exitCode: 1 }, {}]) {
        await expect(workspace.runs.update('brisk_otter_22222', change)).rejects.toMatchObject({ code: 'FINISHED' });
      }
      expect(await workspace.runs.get('brisk_otter_22222')).toEqual(ended);
      const missing = workspace.runs.update('brisk', { exitCode: 1 });
      await expect(missing).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    });

    it('loses no change when several processes write at once', async () => {
      await create('brisk_otter_22222');
      const other = await place.again();
      const changes = [{ prefix: '/p' }, { lockDigest: 'd' }, { notes: ['n'] }, { exitCode: 0 }, { signal: 'SIGHUP' }];
      await Promise.all(
        changes.map((change, index) => (index % 2 ? workspace : other).runs.update('brisk_otter_22222', change)),
      );
      const expected = { prefix: '/p', lockDigest: 'd', notes: ['n'], exitCode: 0, signal: 'SIGHUP' };
      expect(await workspace.runs.get('brisk_otter_22222')).toMatchObject(expected);
    });

    it('refuses an id that is taken, and an environment that is gone', async () => {
      const record = await create('brisk_otter_22222');
      await expect(create('brisk_otter_22222')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
      const gone = workspace.runs.create({ ...record, id: 'other' }, version.id + 1);
      await expect(gone).rejects.toMatchObject({ code: 'ENVIRONMENT_NOT_FOUND' });
      await workspace.runs.create({ ...record, id: 'without' }, undefined);
      expect((await workspace.runs.get('without')).id).toBe('without');
    });

    it.each([
      ['brisk_otter_22222', 'brisk_otter_22222'],
      ['brisk_otter_2', 'brisk_otter_22222'],
      ['calm', 'calm_ibis_44444'],
      ['eins', 'eins'],
    ])('finds %s', async (beginning, expected) => {
      for (const id of ['brisk_otter_22222', 'brisk_owl_33333', 'calm_ibis_44444', 'eins', 'einszwei'])
        await create(id);
      expect((await workspace.runs.get(beginning)).id).toBe(expected);
    });

    it.each([
      ['brisk', 'brisk_otter_22222, brisk_owl_33333'],
      ['zest', 'no run `zest`'],
      ['', 'no run ``'],
      ['Brisk', 'no run'],
      ['%', 'no run'],
      ['brisk.otter', 'no run'],
      ['../brisk_otter', 'no run'],
    ])('does not guess which run %s is', async (beginning, message) => {
      for (const id of ['brisk_otter_22222', 'brisk_owl_33333']) await create(id);
      await expect(workspace.runs.get(beginning)).rejects.toMatchObject({
        code: 'RUN_NOT_FOUND',
        message: expect.stringContaining(message),
      });
    });

    it('lists runs newest first, by pages, status and environment', async () => {
      const other = await registerSample(workspace, 'iris', 'b');
      for (let index = 0; index < 10; index += 1)
        await create(`run-${index}`, { createdAt: '2026-01-01T00:00:00.000Z' });
      await workspace.runs.create(sampleRun('of-other', other), other.id);
      await workspace.runs.update('run-3', { status: 'Failed' });
      const ids = async (filter: object) =>
        (await allPages((page) => workspace.runs.list({ ...page, ...filter }))).map(({ id }) => id);
      const all = ['of-other', ...Array.from({ length: 10 }, (_, index) => `run-${9 - index}`)];
      expect(await ids({})).toEqual(all);
      expect(await ids({ sort: 'created' })).toEqual([...all].reverse());
      expect(await ids({ status: 'Failed' })).toEqual(['run-3']);
      expect(await ids({ status: 'notstarted' })).toHaveLength(10);
      expect(await ids({ environment: { name: 'iris', version: '2' } })).toEqual(['of-other']);
      expect(await ids({ environment: { name: 'iris' } })).toEqual(all);
      expect(await ids({ environment: { name: 'wine' } })).toEqual([]);
      await expect(workspace.runs.list({ limit: 1, status: 'Done' })).rejects.toMatchObject({ code: 'USAGE' });
    });

    it('passes a cancel request on, unless the run has ended', async () => {
      await create('one');
      await create('two');
      const other = await place.again();
      expect(await workspace.runs.isCancelRequested('one')).toBe(false);
      await other.runs.requestCancel('one');
      expect(await workspace.runs.isCancelRequested('one')).toBe(true);
      await workspace.runs.update('two', { status: 'Completed' });
      await other.runs.requestCancel('two');
      expect(await workspace.runs.isCancelRequested('two')).toBe(false);
      await expect(other.runs.requestCancel('three')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    });

    it('knows its driver and script, and ends no run that is alive', async () => {
      await create('one');
      await workspace.runs.setScript('one', process.ppid);
      const owner = await workspace.runs.owner('one');
      expect(owner).toMatchObject({ pid: process.pid, script: { pid: process.ppid } });
      expect(owner?.startTime).toMatch(/^\d+$/);
      expect(await workspace.runs.endOrphans()).toEqual([]);
      expect((await workspace.runs.get('one')).status).toBe('NotStarted');
    });

    it('makes ids that can be said, typed and found again', async () => {
      const ids = new Set(Array.from({ length: 2000 }, createRunId));
      expect(ids.size).toBe(2000);
      for (const id of ids) expect(id).toMatch(/^[a-z]+_[a-z]+_[2-9a-z]{5}$/);
    });
  });

  describe('models', () => {
    let workspace: Workspace;
    beforeEach(async () => {
      workspace = await place.empty();
      const version = await registerSample(workspace, 'iris');
      await workspace.runs.create(sampleRun('one', version), version.id);
      await workspace.runs.create(sampleRun('two', version), version.id);
    });
    afterEach(() => place.dispose());

    it.each([
      ['starts at 1', [], '1'],
      ['goes on after the highest number', ['4', '2'], '5'],
      ['does not count what is no plain integer', ['0x10', '1e3', '', '1.5', 'v9'], '1'],
    ])('without a version: %s', async (_title, versions, expected) => {
      for (const version of versions) await workspace.models.register(sampleModel('iris', 'one', version));
      const model = await workspace.models.register(sampleModel('iris', 'two'));
      expect(model).toEqual({ ...sampleModel('iris', 'two'), version: expected });
      expect(await workspace.models.get('iris')).toEqual(model);
      expect(await workspace.models.get('iris', expected)).toEqual(model);
    });

    it('never changes one', async () => {
      const model = await workspace.models.register(sampleModel('iris', 'one', '1'));
      const again = workspace.models.register(sampleModel('iris', 'two', '1'));
      await expect(again).rejects.toMatchObject({ code: 'MODEL_EXISTS' });
      expect(await workspace.models.get('iris', '1')).toEqual(model);
    });

    it('says what is not there', async () => {
      const noRun = workspace.models.register(sampleModel('iris', 'three'));
      await expect(noRun).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
      await expect(workspace.models.get('iris')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
      await expect(workspace.models.get('iris', '1')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    });

    it('lists them newest first, by name and by run', async () => {
      for (let index = 0; index < 5; index += 1) await workspace.models.register(sampleModel('iris', 'one'));
      await workspace.models.register(sampleModel('wine', 'two'));
      const list = async (filter: object) =>
        (await allPages((page) => workspace.models.list({ ...page, ...filter }))).map((m) => `${m.name}:${m.version}`);
      const iris = ['iris:5', 'iris:4', 'iris:3', 'iris:2', 'iris:1'];
      expect(await list({})).toEqual(['wine:1', ...iris]);
      expect(await list({ sort: 'created', name: 'iris' })).toEqual([...iris].reverse());
      expect(await list({ name: 'iris' })).toEqual(iris);
      expect(await list({ runId: 'two' })).toEqual(['wine:1']);
      expect(await list({ name: 'iris', runId: 'two' })).toEqual([]);
    });

    it('lists their names, each with the one that was registered last', async () => {
      for (const version of ['7', '2', 'v1']) await workspace.models.register(sampleModel('iris', 'one', version));
      for (const name of ['wine', 'ash', 'oak', 'elm']) await workspace.models.register(sampleModel(name, 'two'));
      const listed = await allPages((page) => workspace.models.listNames(page));
      expect(listed.map(({ latest, nextVersion }) => [latest.name, latest.version, nextVersion])).toEqual([
        ['ash', '1', '2'],
        ['elm', '1', '2'],
        ['iris', 'v1', '8'],
        ['oak', '1', '2'],
        ['wine', '1', '2'],
      ]);
      const [iris] = (await workspace.models.listNames({ name: 'iris', limit: 1 })).items;
      expect(iris?.latest).toEqual(await workspace.models.get('iris'));
    });
  });
}
