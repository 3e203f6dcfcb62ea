import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Workspace } from '../../../src/workspace/index.ts';
import type { WorkspacePlace } from './place.ts';
import { registerSample, sampleLock } from './samples.ts';

/** What every database has to do for locks. */
export function locksContract(place: WorkspacePlace): void {
  describe('locks', () => {
    let workspace: Workspace;
    beforeEach(async () => {
      workspace = await place.empty();
    });
    afterEach(() => place.dispose());

    it('keeps the first lock of a fingerprint and platform, for whoever comes later', async () => {
      const other = await place.again('bob');
      const first = await workspace.locks.addFirst(sampleLock('f', '1'));
      expect(first).toMatchObject({ revision: 1, platform: 'linux-64', createdBy: 'ann', lock: sampleLock('f', '1') });
      expect(await other.locks.addFirst(sampleLock('f', '2'))).toEqual(first);
      expect(await other.locks.list('f')).toEqual([first]);
      expect(await other.locks.byDigest(first.lock.digest)).toEqual(first);
      expect(await other.locks.byDigest(sampleLock('f', '2').digest)).toBeUndefined();
    });

    it('counts revisions for each platform and fingerprint apart', async () => {
      await workspace.locks.addFirst(sampleLock('f', '1'));
      const arm = await workspace.locks.addFirst(sampleLock('f', '2', 'linux-aarch64'));
      const g = await workspace.locks.addFirst(sampleLock('g', '3'));
      expect([arm.revision, g.revision]).toEqual([1, 1]);
      expect((await workspace.locks.list('f')).map(({ platform }) => platform)).toEqual(['linux-64', 'linux-aarch64']);
      expect(await workspace.locks.latest('f', 'osx-arm64')).toBeUndefined();
      expect(await workspace.locks.get('f', 'linux-64', 2)).toBeUndefined();
      expect(await workspace.locks.all()).toHaveLength(3);
    });

    it('binds a version at its first use to the newest revision, once', async () => {
      const version = await registerSample(workspace, 'iris');
      const { id, fingerprint } = version;
      expect(await workspace.locks.bind(id, fingerprint, 'linux-64')).toBeUndefined();
      expect(await workspace.locks.bound(id, 'linux-64')).toBeUndefined();
      const first = await workspace.locks.addFirst(sampleLock(fingerprint, '1'));
      expect(await workspace.locks.bound(id, 'linux-64')).toBeUndefined();
      expect(await workspace.locks.bind(id, fingerprint, 'linux-64')).toEqual(first);
      const twin = await registerSample(workspace, 'twin');
      await workspace.locks.relock(sampleLock(fingerprint, '2'), twin.id);
      expect(await workspace.locks.bind(id, fingerprint, 'linux-64')).toEqual(first);
      expect(await workspace.locks.bound(id, 'linux-64')).toEqual(first);
      expect(await workspace.locks.bound(id, 'osx-arm64')).toBeUndefined();
    });

    it('relocks the version named and those not bound yet, and lists those that stay', async () => {
      const [named, bound, unbound, elsewhere] = [
        await registerSample(workspace, 'named'),
        await registerSample(workspace, 'bound'),
        await registerSample(workspace, 'unbound'),
        await registerSample(workspace, 'elsewhere', 'other content'),
      ];
      const { fingerprint } = named;
      await workspace.locks.addFirst(sampleLock(fingerprint, '1'));
      await workspace.locks.addFirst(sampleLock(elsewhere.fingerprint, '1'));
      for (const { id, fingerprint: own } of [named, bound, elsewhere]) await workspace.locks.bind(id, own, 'linux-64');
      const { revision, stay } = await workspace.locks.relock(sampleLock(fingerprint, '2'), named.id);
      expect(revision).toMatchObject({ revision: 2, lock: sampleLock(fingerprint, '2') });
      expect(stay).toEqual([bound.id]);
      expect(await workspace.locks.bound(named.id, 'linux-64')).toEqual(revision);
      expect((await workspace.locks.bound(bound.id, 'linux-64'))?.revision).toBe(1);
      expect(await workspace.locks.bind(unbound.id, fingerprint, 'linux-64')).toEqual(revision);
      const third = await workspace.locks.relock(sampleLock(fingerprint, '3'), named.id);
      expect(third).toMatchObject({ revision: { revision: 3 }, stay: [bound.id, unbound.id] });
      expect(await workspace.locks.addFirst(sampleLock(fingerprint, '9'))).toEqual(third.revision);
      expect((await workspace.locks.list(fingerprint)).map(({ revision: number }) => number)).toEqual([1, 2, 3]);
    });

    it('makes no new revision of what is the newest already, and moves the version to it', async () => {
      const one = await registerSample(workspace, 'one');
      const two = await registerSample(workspace, 'two');
      await workspace.locks.addFirst(sampleLock(one.fingerprint, '1'));
      await workspace.locks.bind(two.id, two.fingerprint, 'linux-64');
      await workspace.locks.relock(sampleLock(one.fingerprint, '2'), one.id);
      const again = await workspace.locks.relock(sampleLock(one.fingerprint, '2'), two.id);
      expect(again).toMatchObject({ revision: { revision: 2 }, stay: [] });
      expect(await workspace.locks.list(one.fingerprint)).toHaveLength(2);
    });

    it('moves a version back to an earlier revision', async () => {
      const { id, fingerprint } = await registerSample(workspace, 'iris');
      const first = await workspace.locks.addFirst(sampleLock(fingerprint, '1'));
      await workspace.locks.relock(sampleLock(fingerprint, '2'), id);
      expect(await workspace.locks.moveTo(id, 'linux-64', 1)).toEqual(first);
      expect(await workspace.locks.bound(id, 'linux-64')).toEqual(first);
      await expect(workspace.locks.moveTo(id, 'linux-64', 3)).rejects.toMatchObject({ code: 'LOCK_NOT_FOUND' });
    });

    it('binds nothing that is not there, and nothing of another fingerprint', async () => {
      const { id, fingerprint } = await registerSample(workspace, 'iris');
      await workspace.locks.addFirst(sampleLock('f'));
      await expect(workspace.locks.bind(id, 'f', 'linux-64')).rejects.toThrow('not f');
      await expect(workspace.locks.relock(sampleLock('f', '2'), id)).rejects.toThrow('not f');
      expect(await workspace.locks.list('f')).toHaveLength(1);
      const gone = { code: 'ENVIRONMENT_NOT_FOUND' };
      await expect(workspace.locks.relock(sampleLock(fingerprint), id + 1)).rejects.toMatchObject(gone);
      expect(await workspace.locks.list(fingerprint)).toEqual([]);
    });

    it('forgets the bindings of a deleted version, and keeps the locks', async () => {
      const { id, fingerprint } = await registerSample(workspace, 'iris');
      await workspace.locks.addFirst(sampleLock(fingerprint));
      await workspace.locks.bind(id, fingerprint, 'linux-64');
      await workspace.environments.delete(id);
      expect(await workspace.locks.bound(id, 'linux-64')).toBeUndefined();
      expect(await workspace.locks.list(fingerprint)).toHaveLength(1);
    });

    it('notes which archives are kept for which lock, however many', async () => {
      const many = Array.from({ length: 2500 }, (_, index) => ({
        sha256: String(index).padStart(64, '0'),
        size: index,
      }));
      await workspace.locks.keepArchives('lock-1', many);
      await workspace.locks.keepArchives('lock-1', many.slice(0, 2));
      await workspace.locks.keepArchives('lock-2', [{ sha256: 'e'.repeat(64), size: 2 ** 40 }, ...many.slice(0, 1)]);
      await workspace.locks.keepArchives('lock-3', []);
      expect(await workspace.locks.keptArchives('lock-1')).toEqual(many.map(({ sha256 }) => sha256));
      expect(await workspace.locks.keptArchives('lock-2')).toHaveLength(2);
      expect(await workspace.locks.keptArchives('lock-3')).toEqual([]);
      expect((await workspace.locks.allKeptArchives()).size).toBe(2501);
    });
  });
}
