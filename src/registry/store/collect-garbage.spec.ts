import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SmallImage, sha256Of, smallImage } from '../../../test/kit/registry/image.ts';
import { mediaTypes } from '../../schema/index.ts';
import { createFolderContents } from '../../workspace/folder-contents.ts';
import { createLayout } from './layout.ts';
import { createRegistry, type Registry } from './registry.ts';
import { affirm, retire } from './retire.ts';

let folder: string;
let registry: Registry;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-garbage-'));
  // Everything is old at once.
  registry = createRegistry(folder, { grace: -1, uploadLifetime: 60_000 });
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

const contentOf = async (): Promise<string[]> =>
  (await readdir(join(folder, 'blobs'), { recursive: true })).filter((name) => /[0-9a-f]{64}/.test(name)).sort();
const pathOf = (content: string | Uint8Array): string => {
  const hex = sha256Of(content).slice(7);
  return `sha256/${hex.slice(0, 2)}/${hex}`;
};
const push = async (name: string, image: SmallImage, reference?: string): Promise<void> => {
  const repository = registry.repository(name);
  for (const content of [image.config, ...image.layers]) await repository.addBlob(content);
  await repository.putManifest({ bytes: image.manifest, reference });
};
const image = smallImage(['one', 'two']);
const whole = [image.config, image.manifest, 'one', 'two'].map(pathOf).sort();

const missing = { digest: '', mediaType: '', size: 0 };
const oneBlob = { removed: 1, bytes: 5, manifests: 0, unlinked: 1, uploads: 0 };

describe('what goes and what stays', () => {
  test('content that nothing names goes, content of manifests stays', async () => {
    await push('a', image, 'latest');
    await registry.repository('a').addBlob(Buffer.from('loose'));
    expect(await registry.collectGarbage({ dryRun: true })).toEqual(oneBlob);
    expect(await contentOf()).toHaveLength(5);
    expect(await registry.collectGarbage()).toEqual(oneBlob);
    expect(await contentOf()).toEqual(whole);
    expect(await registry.repository('a').findBlob(sha256Of('loose'))).toBeUndefined();
  });

  test('what one repository has no manifest for stays for the other that has', async () => {
    await push('a', image, 'latest');
    await registry.repository('b/c').mountBlob(sha256Of('one'), 'a');
    expect(await registry.collectGarbage()).toMatchObject({ removed: 0, unlinked: 1 });
    expect(await contentOf()).toEqual(whole);
  });

  test('a manifest that was deleted takes its content along', async () => {
    await push('a', image, 'latest');
    await registry.repository('a').deleteManifest(image.digest);
    expect(await registry.collectGarbage()).toMatchObject({ removed: 4, unlinked: 3 });
    expect(await contentOf()).toEqual([]);
  });

  test('the images of an index stay, and content that may not be distributed does if it is here', async () => {
    const withForeign = smallImage(['foreign']);
    const document = JSON.parse(withForeign.manifest.toString()) as { layers: { mediaType: string }[] };
    const [layer] = document.layers;
    if (layer !== undefined) layer.mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
    await push('a', { ...withForeign, manifest: Buffer.from(JSON.stringify(document)) }, 'latest');
    expect(await registry.collectGarbage()).toMatchObject({ removed: 0, unlinked: 0 });
  });

  test('what the workspace keeps in the same tree stays, and is not seen in any repository', async () => {
    const blobs = createFolderContents(join(folder, 'blobs'));
    const { digest: kept } = await blobs.put('kept by a lock');
    const { digest: loose } = await blobs.put('loose');
    const keep = new Set([`sha256:${kept}`]);
    expect(await registry.collectGarbage({ keep })).toMatchObject({ removed: 1 });
    expect([await blobs.size(kept), await blobs.size(loose)]).toEqual([14, undefined]);
    expect(await registry.repository('a').findBlob(`sha256:${kept}`)).toBeUndefined();
  });

  test('nothing goes from a repository with a manifest that cannot be read: nobody knows what it named', async () => {
    await push('a', image);
    const file = join(folder, 'blobs', pathOf(image.manifest));
    await rm(file);
    await writeFile(file, '{}');
    expect(await registry.collectGarbage()).toMatchObject({ removed: 0, unlinked: 0 });
  });

  test('what came in lately stays', async () => {
    registry = createRegistry(folder, { grace: 60_000 });
    await registry.repository('a').addBlob(Buffer.from('loose'));
    expect(await registry.collectGarbage()).toMatchObject({ removed: 0, unlinked: 0 });
  });

  test('old uploads go, young ones stay; so do what killed processes left', async () => {
    const { uploads } = registry.repository('a');
    const [old, young] = [await uploads.start(), await uploads.start()];
    const hourAgo = Date.now() / 1000 - 3600;
    await utimes(createLayout(folder).upload('a', old), hourAgo, hourAgo);
    await mkdir(join(folder, 'blobs/sha256/ab'), { recursive: true });
    await writeFile(join(folder, 'blobs/sha256/ab', `${'ab'.repeat(32)}.123.0a1b2c3d.tmp`), 'half');
    expect(await registry.collectGarbage()).toMatchObject({ uploads: 1 });
    expect(await readdir(join(folder, 'repositories/a/_uploads'))).toEqual([young]);
    expect(await readdir(join(folder, 'blobs/sha256/ab'))).toEqual([]);
  });

  test('only one at a time', async () => {
    await push('a', image);
    const both = await Promise.allSettled([registry.collectGarbage(), registry.collectGarbage()]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'BUSY' } });
  });
});

describe('manifests', () => {
  const [one, two, three] = [smallImage(['1']), smallImage(['2']), smallImage(['3'])];
  const descriptorOf = ({ digest, manifest }: SmallImage) => ({
    mediaType: mediaTypes.ociManifest,
    digest,
    size: manifest.length,
  });
  const indexOf = (...images: SmallImage[]): Buffer =>
    Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: images.map(descriptorOf) }),
    );
  const signatureOf = (subject: SmallImage, layer: string): SmallImage => {
    const signature = smallImage([layer]);
    const document = JSON.parse(signature.manifest.toString()) as Record<string, unknown>;
    const manifest = Buffer.from(JSON.stringify({ ...document, subject: descriptorOf(subject) }));
    return { ...signature, manifest, digest: sha256Of(manifest) };
  };
  const isThere = async ({ digest }: { digest: string }): Promise<boolean> =>
    (await readdir(join(folder, 'repositories/a/_manifests/sha256'))).includes(digest.slice(7));

  test('go with all that is theirs when nothing holds them, and come again', async () => {
    await push('a', one);
    expect(await registry.collectGarbage()).toMatchObject({ manifests: 1, unlinked: 2, removed: 3 });
    expect(await contentOf()).toEqual([]);
    await push('a', one);
    expect((await registry.repository('a').findManifest(one.digest))?.digest).toBe(one.digest);
  });

  test('stay while an index with a tag names them; the index that lost its tag goes with those that it alone named', async () => {
    for (const each of [one, two, three]) await push('a', each);
    const repository = registry.repository('a');
    const old = await repository.putManifest({ bytes: indexOf(one, two), reference: 'latest' });
    expect(await registry.collectGarbage()).toMatchObject({ manifests: 1 });
    expect([await isThere(one), await isThere(two), await isThere(three)]).toEqual([true, true, false]);
    await push('a', three);
    await repository.putManifest({ bytes: indexOf(two, three), reference: 'latest' });
    expect(await registry.collectGarbage()).toMatchObject({ manifests: 2 });
    expect([await isThere(old), await isThere(one), await isThere(two), await isThere(three)]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  test('stay while they are about one that stays', async () => {
    const [signature, loose] = [signatureOf(one, 'signature'), signatureOf(two, 'other')];
    await push('a', one, 'latest');
    await push('a', two);
    for (const each of [signature, loose]) await push('a', each);
    expect(await registry.collectGarbage()).toMatchObject({ manifests: 2 });
    const { listReferrers } = registry.repository('a');
    expect((await listReferrers(one.digest)).map(({ digest }) => digest)).toEqual([signature.digest]);
    expect(await listReferrers(two.digest)).toEqual([]);
    expect(await readdir(join(folder, 'repositories/a/_referrers/sha256', two.digest.slice(7)))).toEqual([]);
  });

  test('stay while somebody else knows them, or used them lately', async () => {
    await push('a', one);
    expect(await registry.collectGarbage({ keep: new Set([one.digest]) })).toMatchObject({ manifests: 0, unlinked: 0 });
    const patient = createRegistry(folder, { grace: 1500 });
    const collect = async (): Promise<number> => (await patient.collectGarbage()).manifests;
    await delay(900);
    expect(await patient.repository('a').findManifest(one.digest)).toBeDefined();
    await delay(800);
    expect(await collect()).toBe(0);
    await delay(1600);
    expect(await collect()).toBe(1);
  });

  test('of tags that hold nothing go once nobody asks for the tag any more', async () => {
    await push('a', one, 'cache-1');
    await push('a', two, 'latest');
    const isLoose = (repository: string, tag: string): boolean => repository === 'a' && tag.startsWith('cache-');
    expect(await createRegistry(folder, { grace: 60_000 }).collectGarbage({ isLoose })).toMatchObject({ manifests: 0 });
    expect(await registry.collectGarbage({ isLoose, dryRun: true })).toMatchObject({ manifests: 1 });
    expect(await registry.repository('a').listTags()).toEqual(['cache-1', 'latest']);
    expect(await registry.collectGarbage({ isLoose })).toMatchObject({ manifests: 1, unlinked: 2, removed: 3 });
    expect(await registry.repository('a').listTags()).toEqual(['latest']);
  });

  test('are whole for everybody who pushed them while collections went on', { timeout: 30_000 }, async () => {
    const over = new AbortController();
    let gone = 0;
    const collecting = (async () => {
      const collector = createRegistry(folder, { grace: 1000 });
      while (!over.signal.aborted) gone += (await collector.collectGarbage()).manifests;
    })();
    // Renews whatever it is told of.
    const repository = createRegistry(folder, { grace: 0 }).repository('a');
    for (let round = 0; round < 9; round += 1) {
      const each = smallImage([`layer ${round % 3}`]);
      for (const content of [each.config, ...each.layers]) await repository.addBlob(content);
      await repository.putManifest({ bytes: each.manifest });
      await repository.putManifest({ bytes: indexOf(each), reference: 'latest' });
      const found = await repository.findManifest('latest');
      expect(JSON.parse((await repository.readManifest(found ?? missing)).toString())).toMatchObject({
        manifests: [{ digest: each.digest }],
      });
      expect(await repository.findManifest(each.digest)).toBeDefined();
      for (const layer of each.layers) expect(await repository.findBlob(sha256Of(layer))).toBeDefined();
      // Until what was pushed two rounds ago is old.
      await delay(500);
    }
    over.abort();
    await collecting;
    expect(gone).toBeGreaterThan(0);
  });
});

describe('a file that goes while somebody asks for it', () => {
  const grace = 1000;
  const long = Date.now() / 1000 - 3600;
  let file: string;
  beforeEach(async () => {
    file = join(folder, 'file');
    await writeFile(file, 'x');
    await utimes(file, long, long);
  });

  test('goes if nobody does', async () => {
    expect(await retire(file, Date.now() + 1)).toBe(1);
    expect(await affirm(file, { grace })).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  test('stays if somebody did', async () => {
    expect(await affirm(file, { grace: -1 })).toBe(true);
    expect(await retire(file, Date.now() - 500)).toBeUndefined();
    expect(await readFile(file, 'utf8')).toBe('x');
  });

  test('comes back from where it is put aside, also when its remover was killed', async () => {
    await rename(file, `${file}.tmp`);
    expect(await affirm(file, { grace })).toBe(true);
    expect(await readdir(folder)).toEqual(['file']);
    expect(await retire(file, Date.now() - 500)).toBeUndefined();
  });

  test('is there in the end for everybody who was told so, whatever the order', async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 400; round += 1) {
      await writeFile(file, 'x');
      await utimes(file, long, long);
      // What happens from now on is younger than the change of the times.
      await new Promise((resolve) => setTimeout(resolve, 3));
      const before = Date.now() - 1;
      const asked = Array.from({ length: 3 }, async (_, index) => {
        await turns((round % 8) * index);
        return await affirm(file, { grace: -1 });
      });
      await turns(round % 5);
      const [removed, ...told] = await Promise.all([retire(file, before), ...asked]);
      const outcome = `${removed === undefined ? 'stays' : 'goes'}, ${told.filter(Boolean).length} told`;
      outcomes.add(outcome);
      expect(await readdir(folder), `round ${round}: ${outcome}`).toEqual(told.includes(true) ? ['file'] : []);
    }
    expect(outcomes.size).toBeGreaterThan(1);
  });
});

/** Lets others go first, a little each time. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('while others push to the same folder, nothing goes that they were told is there', async () => {
  const grace = 200;
  const duration = 6000;
  const children = [1, 2, 3].map(async (seed) => {
    const program = join(import.meta.dirname, '../../../test/kit/registry/race-child.ts');
    const child = spawn(process.execPath, [program, folder, String(grace), String(duration), String(seed)]);
    const printed: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => printed.push(piece));
    child.stderr.on('data', (piece: Buffer) => printed.push(piece));
    await new Promise((resolve) => child.on('close', resolve));
    return JSON.parse(Buffer.concat(printed).toString()) as Race;
  });
  registry = createRegistry(folder, { grace });
  const over = new AbortController();
  const all = Promise.all(children).finally(() => over.abort());
  let removed = 0;
  while (!over.signal.aborted) {
    removed += (await registry.collectGarbage()).removed;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const results = await all;
  expect(results.flatMap(({ broken }) => broken)).toEqual([]);
  for (const { pushes, reused } of results) expect(Math.min(pushes, reused)).toBeGreaterThan(10);
  expect(removed).toBeGreaterThan(10);
});

interface Race {
  pushes: number;
  reused: number;
  broken: string[];
}
