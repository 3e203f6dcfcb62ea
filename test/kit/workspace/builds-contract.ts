import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BuildRecord, sha256 } from '../../../src/schema/index.ts';
import { createRunId, type Workspace } from '../../../src/workspace/index.ts';
import type { WorkspacePlace } from './place.ts';
import { registerSample } from './samples.ts';

/** What every database has to do for builds. */
export function buildsContract(place: WorkspacePlace): void {
  describe('builds', () => {
    let workspace: Workspace;
    let minute: number;
    beforeEach(async () => {
      workspace = await place.empty();
      minute = 0;
    });
    afterEach(() => place.dispose());

    /** A build that ended so many seconds after it began. */
    const ended = async (
      content: string,
      seconds: number,
      sources: readonly ('workspace' | 'global' | 'built')[],
    ): Promise<void> => {
      const version = await registerSample(workspace, `env-${content}`, content);
      minute += 1;
      const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute, 0, second * 1000)).toISOString();
      const record: BuildRecord = {
        id: `build_${createRunId()}`,
        status: 'Queued',
        environment: { name: version.name, version: version.version, fingerprint: version.fingerprint },
        platforms: ['linux-64'],
        rebuild: false,
        priority: 0,
        worker: null,
        attempts: 0,
        createdAt: at(0),
        createdBy: 'ann',
        startedAt: null,
        endedAt: null,
        error: null,
        images: null,
      };
      const { id } = await workspace.builds.create(record, {
        versionId: version.id,
        joinedBy: sha256(record.id),
        task: {
          id: record.id,
          kind: 'build',
          compute: undefined,
          priority: 0,
          createdBy: 'ann',
          request: { versionId: version.id, platforms: ['linux-64'], rebuild: false },
        },
      });
      const images = sources.map((source) => ({
        platform: 'linux-64',
        revision: 1,
        digest: 'sha256:x',
        size: 1,
        source,
      }));
      await workspace.builds.update(id, {
        status: images.length === 0 ? 'Failed' : 'Completed',
        startedAt: at(0),
        endedAt: at(seconds),
        images: images.length === 0 ? null : images,
      });
    };

    it('come to nothing where there are none', async () => {
      expect(await workspace.builds.statistics()).toEqual({
        completed: { workspace: 0, global: 0, built: 0 },
        failed: 0,
        medianSeconds: null,
        savedSeconds: 0,
      });
    });

    it('are counted by where their images came from, and by the time that a cache saved', async () => {
      await ended('a', 10, ['built']);
      await ended('a', 20, ['built']);
      await ended('b', 40, ['built', 'workspace']);
      // Each would have taken the 15 s that building it took on average.
      await ended('a', 1, ['workspace']);
      await ended('a', 1, ['global']);
      // Nobody built this one here.
      await ended('c', 1, ['global']);
      await ended('d', 5, []);
      expect(await workspace.builds.statistics()).toEqual({
        completed: { workspace: 1, global: 2, built: 3 },
        failed: 1,
        medianSeconds: 20,
        savedSeconds: 30,
      });
    });
  });
}
