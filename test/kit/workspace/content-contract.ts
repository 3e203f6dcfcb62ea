import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/schema/index.ts';
import type { Workspace } from '../../../src/workspace/index.ts';
import type { WorkspacePlace } from './place.ts';
import { registerSample, sampleLock, sampleModel, sampleRun } from './samples.ts';

/** What every workspace has to do for the content that its records name. */
export function contentContract(place: WorkspacePlace): void {
  describe('content', () => {
    let workspace: Workspace;
    beforeEach(async () => {
      workspace = await place.empty();
    });
    afterEach(() => place.dispose());

    it('that a record names is known, whichever record it is', async () => {
      expect(await workspace.references()).toEqual(new Set());
      const version = await registerSample(workspace, 'iris', 'source');
      await registerSample(workspace, 'anonymous', 'other source', { version: 'x', anonymous: true });
      const lock = sampleLock(version.fingerprint, '1');
      await workspace.locks.addFirst(lock);
      await workspace.locks.keepArchives(lock.digest, [{ sha256: sha256('archive'), size: 1 }]);
      const snapshot = { digest: sha256('manifest'), files: 1, size: 1 };
      await workspace.runs.create(sampleRun('one', version, { snapshot }), version.id);
      await workspace.runs.create(sampleRun('two', version), version.id);
      await workspace.models.register(sampleModel('model', 'one'));
      expect(await workspace.references()).toEqual(
        new Set(['source', 'other source', 'wheel 1', 'archive', 'manifest', 'model'].map((text) => sha256(text))),
      );
    });

    it('that was purged or deleted is not needed any more, unless another record names it', async () => {
      const purged = await registerSample(workspace, 'one', 'a');
      const shared = await registerSample(workspace, 'two', 'b');
      await registerSample(workspace, 'three', 'b');
      const deleted = await registerSample(workspace, 'four', 'c');
      await workspace.environments.purge(purged.id);
      await workspace.environments.purge(shared.id);
      await workspace.environments.delete(deleted.id);
      expect(await workspace.references()).toEqual(new Set([sha256('b')]));
    });

    it('goes when nothing names it, and stays while something does', async () => {
      const { digest: needed } = await workspace.blobs.put('source');
      const { digest: loose } = await workspace.blobs.put('nobody wants this');
      await registerSample(workspace, 'iris', 'source');
      const result = await workspace.blobs.gc(await workspace.references(), { minimumAge: -1 });
      expect(result).toEqual({ removed: 1, bytes: 17 });
      expect([await workspace.blobs.size(needed), await workspace.blobs.size(loose)]).toEqual([6, undefined]);
    });
  });
}
