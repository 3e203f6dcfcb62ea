import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Workspace } from '../../../src/workspace/index.ts';
import type { WorkspacePlace } from './place.ts';
import { allPages, registerSample, sampleRequest, sampleRun } from './samples.ts';

/** What every database has to do for environments. */
export function environmentsContract(place: WorkspacePlace): void {
  describe('environments', () => {
    let workspace: Workspace;
    beforeEach(async () => {
      workspace = await place.empty();
    });
    afterEach(() => place.dispose());
    const register = (name: string, content?: string, more?: Parameters<typeof sampleRequest>[2]) =>
      workspace.environments.register(sampleRequest(name, content, more));
    const versionsOf = async (name: string) =>
      (await workspace.environments.listVersions(name, { limit: 100, archived: 'all' })).items.map((v) => v.version);

    describe('registering', () => {
      it('keeps all that it is given, and says who and when', async () => {
        const request = sampleRequest('iris', 'a', { description: 'für Iris', tags: { team: 'ml', '%_"\\': '' } });
        const before = new Date().toISOString();
        const { version, outcome } = await workspace.environments.register(request);
        expect(outcome).toBe('created');
        expect(version).toMatchObject({
          ...request,
          version: '1',
          archived: false,
          anonymous: false,
          createdBy: 'ann',
        });
        expect(version.createdAt >= before && version.createdAt <= new Date().toISOString()).toBe(true);
        expect(await workspace.environments.get('iris', '1')).toEqual(version);
        expect(await workspace.environments.byId(version.id)).toEqual(version);
      });

      it.each([
        ['starts at 1', [], '1'],
        ['goes on after the highest number, not the newest', ['7', '3'], '8'],
        ['compares numbers as numbers', ['9', '10'], '11'],
        ['does not count what is no plain integer', ['1.10', 'v5', '007', '18.04:2022', ' 6', '1e3', '-4'], '1'],
        ['counts zero', ['0'], '1'],
        ['goes up to fifteen digits', ['999999999999998'], '999999999999999'],
        ['leaves longer numbers out', ['20261123101112131', '2'], '3'],
      ])('without a version: %s', async (_title, versions, expected) => {
        for (const [index, version] of versions.entries()) await register('iris', `c${index}`, { version });
        expect((await register('iris', 'new')).version.version).toBe(expected);
      });

      it('without a version: says so when there is no next number', async () => {
        await register('iris', 'a', { version: '999999999999999' });
        await expect(register('iris', 'b')).rejects.toMatchObject({ code: 'INVALID_NAME' });
      });

      it('keeps versions as texts that may look alike', async () => {
        for (const version of ['1.1', '1.10', '1.100', '01', '1', 'A', 'a', 'ä', '18.04:2022']) {
          expect((await register('iris', version, { version })).version.version).toBe(version);
        }
        expect((await workspace.environments.get('iris', '1.10'))?.definition.image).toBe('debian:1.10');
        expect(await workspace.environments.get('iris', '1.1000')).toBeUndefined();
      });

      it('without a version: the same definition as the latest is the latest', async () => {
        await register('iris', 'a');
        expect(await register('iris', 'a')).toMatchObject({ outcome: 'unchanged', version: { version: '1' } });
        expect(await register('iris', 'b')).toMatchObject({ outcome: 'created', version: { version: '2' } });
        expect(await register('iris', 'a')).toMatchObject({ outcome: 'created', version: { version: '3' } });
      });

      it('without a version: an archived version is not the latest while there are others, and still counts', async () => {
        await register('iris', 'a');
        await register('iris', 'b');
        await workspace.environments.setArchived('iris', '2', true);
        expect(await register('iris', 'a')).toMatchObject({ outcome: 'unchanged', version: { version: '1' } });
        expect(await register('iris', 'b')).toMatchObject({ outcome: 'created', version: { version: '3' } });
      });

      it('moves description and tags of the same definition, with and without a version', async () => {
        const first = await register('iris', 'a', { description: 'one', tags: { a: '1' } });
        const second = await register('iris', 'a', { description: 'two' });
        expect(second).toMatchObject({ outcome: 'updated', version: { description: 'two', tags: { a: '1' } } });
        const third = await register('iris', 'a', { version: '1', tags: { b: '2' } });
        expect(third).toMatchObject({ outcome: 'updated', version: { description: 'two', tags: { b: '2' } } });
        expect(await register('iris', 'a', { tags: { b: '2' } })).toMatchObject({ outcome: 'unchanged' });
        expect(third.version).toEqual({ ...first.version, description: 'two', tags: { b: '2' } });
      });

      it('refuses another definition under a version that is there, and changes nothing', async () => {
        const { version } = await register('iris', 'a', { version: '6' });
        await expect(register('iris', 'b', { version: '6', description: 'x' })).rejects.toMatchObject({
          code: 'VERSION_EXISTS',
          message: 'Environment iris with version 6 is already registered and cannot be changed.',
        });
        expect(await workspace.environments.get('iris', '6')).toEqual(version);
      });

      it('does those that come together as if they came one after the other', async () => {
        await register('iris', 'a');
        const requests = [
          sampleRequest('iris', 'b', { tags: { team: 'ml' } }),
          sampleRequest('iris', 'b', { tags: { team: 'web' } }),
          sampleRequest('iris', 'c', { version: '1' }),
          sampleRequest('rose', 'a', { version: '7' }),
          sampleRequest('rose', 'b', { tags: { team: 'ml' } }),
          sampleRequest('rose', 'b', { version: '7' }),
          sampleRequest('iris', 'a', { version: '1', description: 'the first' }),
          sampleRequest('iris', 'c', { tags: { team: 'web' } }),
        ];
        const results = await Promise.allSettled(requests.map((request) => workspace.environments.register(request)));
        const told = results.map((result) =>
          result.status === 'fulfilled'
            ? `${result.value.outcome} ${result.value.version.name}:${result.value.version.version}`
            : (result.reason as { code: string }).code,
        );
        expect(told).toEqual([
          'created iris:2',
          'updated iris:2',
          'VERSION_EXISTS',
          'created rose:7',
          'created rose:8',
          'VERSION_EXISTS',
          'updated iris:1',
          'created iris:3',
        ]);
        expect((await workspace.environments.get('iris', '2'))?.tags).toEqual({ team: 'web' });
        expect((await workspace.environments.get('iris', '1'))?.description).toBe('the first');
        const namesOf = async (tag: string) =>
          (await workspace.environments.list({ limit: 10, tags: [tag] })).items.map((item) => item.name);
        expect([await namesOf('team=web'), await namesOf('team=ml'), await namesOf('team')]).toEqual([
          ['iris'],
          ['rose'],
          ['iris', 'rose'],
        ]);
        expect((await workspace.audit.verify()).broken).toBeUndefined();
      });

      it('registers an anonymous definition once, and lists it nowhere', async () => {
        const request = sampleRequest('anonymous', 'a', { version: 'f'.repeat(32), anonymous: true });
        const first = await workspace.environments.register(request);
        const second = await workspace.environments.register(request);
        expect(second).toMatchObject({ outcome: 'unchanged', version: { id: first.version.id, anonymous: true } });
        expect((await workspace.environments.list({ limit: 10, archived: 'all' })).items).toEqual([]);
        expect(await workspace.environments.names()).toEqual([]);
        expect(await workspace.environments.get('anonymous', 'f'.repeat(32))).toEqual(first.version);
      });
    });

    describe('latest', () => {
      it('is the most recently created, whatever the numbers and updates', async () => {
        for (const version of ['foo', '9', 'bar', '2']) await register('iris', version, { version });
        const nine = await workspace.environments.get('iris', '9');
        await workspace.environments.updateHeader(nine?.id ?? 0, { description: 'newer' });
        expect((await workspace.environments.latest('iris'))?.version).toBe('2');
        await workspace.environments.setArchived('iris', '2', true);
        expect((await workspace.environments.latest('iris'))?.version).toBe('bar');
        await workspace.environments.setArchived('iris', undefined, true);
        expect((await workspace.environments.latest('iris'))?.version).toBe('2');
        expect(await workspace.environments.latest('nothing')).toBeUndefined();
      });
    });

    describe('archiving', () => {
      it('hides an environment and its versions from lists, not from use', async () => {
        await register('iris', 'a');
        await register('wine', 'a');
        await workspace.environments.setArchived('iris', undefined, true);
        const list = async (archived?: 'active' | 'archived' | 'all') =>
          (await workspace.environments.list({ limit: 10, archived })).items.map(({ name }) => name);
        expect(await list()).toEqual(['wine']);
        expect(await list('archived')).toEqual(['iris']);
        expect(await list('all')).toEqual(['iris', 'wine']);
        expect((await workspace.environments.listVersions('iris', { limit: 10 })).items).toEqual([]);
        expect((await workspace.environments.get('iris', '1'))?.archived).toBe(true);
        await workspace.environments.setArchived('iris', undefined, false);
        expect(await list()).toEqual(['iris', 'wine']);
        expect((await workspace.environments.get('iris', '1'))?.archived).toBe(false);
      });

      it('lists an environment as active while one version is', async () => {
        await register('iris', 'a');
        await register('iris', 'b');
        await workspace.environments.setArchived('iris', '2', true);
        const active = await workspace.environments.list({ limit: 10 });
        expect(active.items).toMatchObject([{ latestVersion: '1', nextVersion: '3', versions: 1, archived: false }]);
        expect((await workspace.environments.list({ limit: 10, archived: 'archived' })).items).toEqual([]);
        await workspace.environments.setArchived('iris', '1', true);
        expect((await workspace.environments.list({ limit: 10 })).items).toEqual([]);
        const archived = await workspace.environments.list({ limit: 10, archived: 'archived' });
        expect(archived.items).toMatchObject([{ latestVersion: '2', nextVersion: '3', versions: 2, archived: true }]);
      });

      it('gives birth to archived versions in an archived environment, and restores none of them alone', async () => {
        await register('iris', 'a');
        await workspace.environments.setArchived('iris', undefined, true);
        expect((await register('iris', 'b')).version).toMatchObject({ version: '2', archived: true });
        await expect(workspace.environments.setArchived('iris', '2', false)).rejects.toMatchObject({
          code: 'ARCHIVED',
        });
        await workspace.environments.setArchived('iris', undefined, false);
        expect((await workspace.environments.get('iris', '2'))?.archived).toBe(false);
      });

      it('restores a version of an active environment', async () => {
        await register('iris', 'a');
        await workspace.environments.setArchived('iris', '1', true);
        await workspace.environments.setArchived('iris', '1', false);
        expect((await workspace.environments.get('iris', '1'))?.archived).toBe(false);
      });

      it.each([
        ['nothing', undefined],
        ['nothing', '1'],
        ['iris', '2'],
      ])('says that %s:%s is not there', async (name, version) => {
        await register('iris', 'a');
        for (const archived of [true, false]) {
          const work = workspace.environments.setArchived(name, version, archived);
          await expect(work).rejects.toMatchObject({ code: 'ENVIRONMENT_NOT_FOUND' });
        }
      });
    });

    describe('lists', () => {
      it('pages through all environments by name, while others write', async () => {
        const names = Array.from({ length: 10 }, (_, index) => `env-${index}`);
        for (const name of names) await registerSample(workspace, name);
        const first = await workspace.environments.list({ limit: 4 });
        await registerSample(workspace, 'env-00');
        await registerSample(workspace, 'env-35');
        const rest = await workspace.environments.list({ limit: 100, cursor: first.next ?? '' });
        expect(first.items.map(({ name }) => name)).toEqual(names.slice(0, 4));
        expect(rest.items.map(({ name }) => name)).toEqual(['env-35', ...names.slice(4)]);
        expect(rest.next).toBeNull();
      });

      it('pages through versions, newest first', async () => {
        for (let index = 1; index <= 10; index += 1) await register('iris', `c${index}`);
        await register('wine', 'a');
        const versions = await allPages((page) => workspace.environments.listVersions('iris', page));
        expect(versions.map(({ version }) => version)).toEqual(['10', '9', '8', '7', '6', '5', '4', '3', '2', '1']);
        const whole = await workspace.environments.listVersions('iris', { limit: 10 });
        expect(whole.next).toBeNull();
      });

      it('shows the latest version of each environment and what comes next', async () => {
        await register('iris', 'a', { description: 'old', tags: { a: '1' } });
        const { version } = await register('iris', 'b', { description: 'new', tags: { b: '2' }, version: '12' });
        const [item] = (await workspace.environments.list({ limit: 1 })).items;
        expect(item).toMatchObject({ name: 'iris', latestVersion: '12', nextVersion: '13', versions: 2 });
        expect(item).toMatchObject({ description: 'new', tags: { b: '2' }, updatedAt: version.createdAt });
      });

      it.each([
        [{ category: 'user_managed' }, ['Own_env']],
        [{ tags: ['team=ml'] }, ['ml', 'Own_env']],
        [{ tags: ['team'] }, ['ml', 'other', 'Own_env']],
        [{ tags: ['team=ml', 'stage=prod'] }, ['ml']],
        [{ tags: ['team=m_'] }, []],
        [{ tags: ['Team=ml'] }, []],
        [{ tags: ['eam=ml'] }, []],
        [{ tags: ['formula=a=b'] }, ['other']],
        [{ nameContains: 'N_E' }, ['Own_env']],
        [{ nameContains: '_' }, ['Own_env']],
        [{ nameContains: '%' }, []],
        [{ nameContains: '' }, ['ml', 'other', 'Own_env']],
      ])('filters by %j', async (filter, expected) => {
        await register('ml', 'a', { tags: { team: 'ml', stage: 'prod' } });
        await register('other', 'a', { tags: { team: 'mx', note: 'team=ml', formula: 'a=b' } });
        await register('Own_env', 'a', { tags: { team: 'old' }, category: 'user_managed' });
        await register('Own_env', 'a', { tags: { team: 'ml' }, category: 'user_managed' });
        const { items } = await workspace.environments.list({ limit: 10, ...filter });
        expect(items.map(({ name }) => name).sort()).toEqual([...expected].sort());
      });

      it('refuses a category that does not exist, and cursors of other lists', async () => {
        await register('iris', 'a');
        await register('iris', 'b');
        const usage = { code: 'USAGE' };
        const list = workspace.environments.list({ limit: 1, category: 'system' });
        await expect(list).rejects.toMatchObject(usage);
        const { next } = await workspace.environments.listVersions('iris', { limit: 1 });
        for (const cursor of [next ?? '', '', 'zz', '../..']) {
          await expect(workspace.environments.list({ limit: 1, cursor })).rejects.toMatchObject(usage);
        }
      });
    });

    describe('changing and removing', () => {
      it('changes description and tags only', async () => {
        const before = await registerSample(workspace, 'iris', 'a', { description: 'one', tags: { a: '1' } });
        const after = await workspace.environments.updateHeader(before.id, { tags: { b: '2' } });
        expect(after).toEqual({ ...before, tags: { b: '2' } });
        const bare = await workspace.environments.updateHeader(before.id, { description: null });
        expect(bare).toEqual({ ...after, description: null });
        const gone = workspace.environments.updateHeader(before.id + 1, {});
        await expect(gone).rejects.toMatchObject({ code: 'ENVIRONMENT_NOT_FOUND' });
      });

      it('deletes what nothing used, with its environment when it was the last', async () => {
        const one = await registerSample(workspace, 'iris', 'a', { tags: { a: '1' } });
        const two = await registerSample(workspace, 'iris', 'b');
        await workspace.environments.delete(two.id);
        expect(await versionsOf('iris')).toEqual(['1']);
        await workspace.environments.delete(one.id);
        expect(await workspace.environments.names()).toEqual([]);
        await expect(workspace.environments.delete(one.id)).rejects.toMatchObject({ code: 'ENVIRONMENT_NOT_FOUND' });
        const again = await registerSample(workspace, 'iris', 'c');
        expect(again.version).toBe('1');
        expect(again.id).toBeGreaterThan(two.id);
      });

      it('does not delete what a run used', async () => {
        const version = await registerSample(workspace, 'iris');
        await workspace.runs.create(sampleRun('brisk_otter_22222', version), version.id);
        await expect(workspace.environments.delete(version.id)).rejects.toMatchObject({
          code: 'IN_USE',
          message: expect.stringContaining('brisk_otter_22222'),
        });
        expect(await workspace.environments.get('iris', '1')).toEqual(version);
      });

      it('purges the content and leaves a tombstone that stays', async () => {
        const before = await registerSample(workspace, 'iris', 'secret', { description: 'hush', tags: { a: 'hush' } });
        const { version, name, fingerprint, definitionDigest, createdAt, createdBy } = before;
        const after = await workspace.environments.purge(before.id);
        expect(after).toMatchObject({ version, name, fingerprint, definitionDigest, createdAt, createdBy });
        expect(after).toMatchObject({ archived: true, description: null, tags: {}, files: [] });
        expect(JSON.stringify(after)).not.toMatch(/hush|secret|grüß/);
        expect(await workspace.environments.purge(before.id)).toEqual(after);
        await expect(workspace.environments.delete(before.id)).rejects.toMatchObject({ code: 'IN_USE' });
        const restore = workspace.environments.setArchived('iris', version, false);
        await expect(restore).rejects.toMatchObject({ code: 'ARCHIVED' });
        await expect(register('iris', 'secret', { version })).rejects.toMatchObject({ code: 'VERSION_EXISTS' });
        expect((await register('iris', 'secret')).version.version).toBe('2');
        await workspace.environments.setArchived('iris', undefined, true);
        await workspace.environments.setArchived('iris', undefined, false);
        expect((await workspace.environments.get('iris', '1'))?.archived).toBe(true);
      });

      it('finds versions by fingerprint, oldest first, archived and anonymous ones too', async () => {
        const one = await registerSample(workspace, 'wine', 'a');
        await registerSample(workspace, 'wine', 'b');
        const two = await registerSample(workspace, 'anonymous', 'a', { version: 'x', anonymous: true });
        const three = await registerSample(workspace, 'iris', 'a');
        await workspace.environments.setArchived('iris', undefined, true);
        const found = await workspace.environments.byFingerprint(one.fingerprint);
        expect(found.map(({ id }) => id)).toEqual([one.id, two.id, three.id]);
      });
    });

    it('is the same for whoever opens it again', async () => {
      const version = await registerSample(workspace, 'iris', 'a', { tags: { a: '1' } });
      const other = await place.again('bob');
      expect(await other.environments.get('iris', '1')).toEqual(version);
      expect((await registerSample(other, 'iris', 'b')).createdBy).toBe('bob');
      expect((await workspace.environments.latest('iris'))?.createdBy).toBe('bob');
    });
  });
}
