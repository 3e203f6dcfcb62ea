import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ImageRevision, type NamedImage, sha256 } from '../../../src/schema/index.ts';
import type { Workspace } from '../../../src/workspace/index.ts';
import type { WorkspacePlace } from './place.ts';
import { registerSample } from './samples.ts';

type NewImage = Omit<ImageRevision, 'revision' | 'createdAt' | 'createdBy'>;

const digestOf = (text: string): string => `sha256:${sha256(text)}`;

/** An image; `content` decides all digests but the base's. */
function sampleImage(fingerprint: string, content: string, base = 'base 1'): NewImage {
  const layer = { digest: digestOf(`layer ${content}`), size: 7, mediaType: 'm', packages: ['numpy 2'] };
  return {
    fingerprint,
    digest: digestOf(`image ${content} ${base}`),
    origin: 'built',
    platforms: [
      {
        platform: 'linux-64',
        digest: digestOf(`image ${content} ${base}`),
        mediaType: 'm',
        configDigest: digestOf(`config ${content} ${base}`),
        size: 10,
        lockRevision: 1,
        lockDigest: content,
        base: { reference: 'docker.io/library/debian:12', digest: digestOf(base) },
        images: [],
        baseCreatedAt: null,
        dockerfile: 'FROM debian:12',
        layers: [{ ...layer, kind: 'packages' }],
      },
    ],
  };
}

/** What every database has to do for images, and for who makes them. */
export function imagesContract(place: WorkspacePlace): void {
  describe('images', () => {
    let workspace: Workspace;
    beforeEach(async () => {
      workspace = await place.empty();
    });
    afterEach(() => place.dispose());

    it('counts revisions for each fingerprint, and keeps the earlier ones', async () => {
      const first = await workspace.images.add(sampleImage('f', 'a'));
      const second = await workspace.images.add(sampleImage('f', 'b'));
      const other = await workspace.images.add(sampleImage('g', 'a'));
      expect([first.revision, second.revision, other.revision]).toEqual([1, 2, 1]);
      expect(first).toMatchObject({ ...sampleImage('f', 'a'), createdBy: 'ann' });
      expect(await workspace.images.list('f')).toEqual([second, first]);
      expect(await workspace.images.latest('f')).toEqual(second);
      expect(await workspace.images.latest('f', 'linux-64')).toEqual(second);
      expect(await workspace.images.latest('f', 'linux-aarch64')).toBeUndefined();
      expect(await workspace.images.get('f', 1)).toEqual(first);
      expect(await workspace.images.get('f', 3)).toBeUndefined();
      expect(await workspace.images.byDigest(first.digest)).toEqual(first);
    });

    it('makes no new revision of what came out the same', async () => {
      const first = await workspace.images.add(sampleImage('f', 'a'));
      expect(await (await place.again('bob')).images.add(sampleImage('f', 'a'))).toEqual(first);
      await workspace.images.add(sampleImage('f', 'b'));
      expect((await workspace.images.add(sampleImage('f', 'a'))).revision).toBe(3);
    });

    it('makes a new revision of the same image when it is made of something else, so that it is found by that', async () => {
      const first = await workspace.images.add(sampleImage('f', 'a'));
      const moved = {
        ...sampleImage('f', 'a'),
        platforms: first.platforms.map((image) => ({
          ...image,
          base: { reference: 'docker.io/library/debian:12', digest: digestOf('base 2') },
        })),
      };
      const second = await workspace.images.add(moved);
      expect(second).toMatchObject({ revision: 2, digest: first.digest });
      expect(await workspace.images.add(moved)).toEqual(second);
      const wanted = { fingerprint: 'f', platform: 'linux-64', lockDigest: 'a' } as const;
      for (const [base, revision] of [['base 1', first] as const, ['base 2', second] as const])
        expect((await workspace.images.find({ ...wanted, baseDigest: digestOf(base) }))?.revision).toEqual(revision);
      expect(await workspace.images.byDigest(first.digest)).toEqual(second);
    });

    it('finds the newest image by what it is made of', async () => {
      await workspace.images.add(sampleImage('f', 'a'));
      const moved = await workspace.images.add(sampleImage('f', 'a', 'base 2'));
      const wanted = { fingerprint: 'f', platform: 'linux-64', lockDigest: 'a' } as const;
      const found = await workspace.images.find({ ...wanted, baseDigest: digestOf('base 2') });
      expect(found).toEqual({ revision: moved, image: moved.platforms[0] });
      expect(await workspace.images.find({ ...wanted, baseDigest: digestOf('base 3') })).toBeUndefined();
      expect(await workspace.images.find({ ...wanted, baseDigest: null })).toBeUndefined();
      expect(await workspace.images.find({ ...wanted, lockDigest: null, baseDigest: null })).toBeUndefined();
      const [platform] = sampleImage('f', 'a').platforms;
      if (platform === undefined) throw new Error('no platform');
      const bare = { ...platform, lockDigest: null, lockRevision: null, base: null, digest: digestOf('bare') };
      await workspace.images.add({ fingerprint: 'f', digest: digestOf('bare'), origin: 'built', platforms: [bare] });
      const nothing = { ...wanted, lockDigest: null, baseDigest: null };
      expect((await workspace.images.find(nothing))?.image).toEqual(bare);
    });

    it('finds it by the other images that it is made of, too', async () => {
      const made = (tool: string) => {
        const image = sampleImage('f', 'a');
        const images = [{ reference: 'docker.io/library/tool:1', digest: digestOf(tool) }];
        return {
          ...image,
          digest: digestOf(`with ${tool}`),
          platforms: image.platforms.map((each) => ({ ...each, images })),
        };
      };
      const first = await workspace.images.add(made('tool 1'));
      const second = await workspace.images.add(made('tool 2'));
      const revisionOf = async (images?: NamedImage[]): Promise<number | undefined> => {
        const wanted = {
          fingerprint: 'f',
          platform: 'linux-64',
          lockDigest: 'a',
          baseDigest: digestOf('base 1'),
        } as const;
        return (await workspace.images.find({ ...wanted, images }))?.revision.revision;
      };
      for (const { revision, platforms } of [first, second])
        expect(await revisionOf(platforms[0]?.images)).toBe(revision);
      expect(await revisionOf()).toBe(second.revision);
      expect(await revisionOf([])).toBeUndefined();
    });

    it('remembers what a base reference meant', async () => {
      expect(await workspace.images.baseDigest('debian')).toBeUndefined();
      await workspace.images.setBaseDigest('debian', digestOf('1'));
      await workspace.images.setBaseDigest('debian', digestOf('2'));
      const known = await (await place.again()).images.baseDigest('debian');
      expect(known?.digest).toBe(digestOf('2'));
      expect(Math.abs(Date.now() - Date.parse(known?.checkedAt ?? ''))).toBeLessThan(60_000);
    });

    it('tells which layers the latest images of other environments have', async () => {
      const layer = digestOf('layer a');
      const add = async (name: string, content: string): Promise<void> => {
        const { fingerprint } = await registerSample(workspace, name, content);
        await workspace.images.add(sampleImage(fingerprint, 'a'));
      };
      await add('own', 'own');
      await add('old', 'old');
      await registerSample(workspace, 'old', 'newer');
      await add('gone', 'gone');
      await workspace.environments.setArchived('gone', undefined, true);
      const request = { digests: [layer, digestOf('layer b')], except: 'own' };
      expect(await workspace.images.shared(request)).toEqual([]);
      for (let index = 11; index > 0; index -= 1) await add(`env-${String(index).padStart(2, '0')}`, `c${index}`);
      const names = Array.from({ length: 10 }, (_, index) => `env-${String(index + 1).padStart(2, '0')}`);
      expect(await workspace.images.shared(request)).toEqual([{ digest: layer, environments: 11, names }]);
      // Its newest image is another one.
      const { fingerprint } = await registerSample(workspace, 'env-01', 'c1');
      await workspace.images.add(sampleImage(fingerprint, 'b'));
      const found = new Map((await workspace.images.shared(request)).map((each) => [each.digest, each]));
      expect(found.get(layer)).toMatchObject({ environments: 10 });
      expect(found.get(digestOf('layer b'))).toMatchObject({ environments: 1, names: ['env-01'] });
      expect(await workspace.images.shared({ digests: [], except: '' })).toEqual([]);
    });

    it('tells whose base has moved since its newest image was made', async () => {
      const { fingerprint, version } = await registerSample(workspace, 'iris');
      const reference = 'docker.io/library/debian:12';
      await workspace.images.setBaseDigest(reference, digestOf('base 1'));
      await workspace.images.add(sampleImage(fingerprint, 'a', 'base 1'));
      expect(await workspace.images.movedBases(9)).toEqual([]);
      await workspace.images.setBaseDigest(reference, digestOf('base 2'));
      expect(await workspace.images.movedBases(9)).toEqual([{ environment: 'iris', version, reference }]);
      expect(await workspace.images.movedBases(0)).toEqual([]);
      await workspace.images.add(sampleImage(fingerprint, 'a', 'base 2'));
      expect(await workspace.images.movedBases(9)).toEqual([]);
    });

    it('names the image’s digests to the collector of garbage', async () => {
      const image = await workspace.images.add(sampleImage('f', 'a'));
      const digests = await workspace.references();
      for (const digest of [image.digest, ...(image.platforms[0]?.layers.map((layer) => layer.digest) ?? [])])
        expect(digests).toContain(digest.slice('sha256:'.length));
    });
  });

  describe('leases', () => {
    let workspace: Workspace;
    beforeEach(async () => {
      workspace = await place.empty();
    });
    afterEach(() => place.dispose());

    it('has one holder at a time', async () => {
      const mine = await workspace.leases.take('build f');
      const other = await place.again();
      expect(await other.leases.take('build f')).toMatchObject({ heldBy: { pid: process.pid } });
      expect(await other.leases.take('build g')).toHaveProperty('lease');
      if (!('lease' in mine)) throw new Error('not taken');
      expect(await mine.lease.renew()).toBe(true);
      await mine.lease.release();
      expect(await mine.lease.renew()).toBe(false);
      const next = await other.leases.take('build f');
      expect(next).toHaveProperty('lease');
      // The earlier holder cannot let go of what is not its own any more.
      await mine.lease.release();
      expect(await workspace.leases.take('build f')).toHaveProperty('heldBy');
    });
  });
}
